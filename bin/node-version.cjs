'use strict';
// In syntax that an old Node.js reads: newer syntax would end it with a SyntaxError instead of the sentence.
var engines = require('../package.json').engines;

/** Why this Node.js cannot run Usher, in a sentence; or undefined. */
module.exports = function refuseNodeVersion(running) {
  var needed = engines.node.replace('>=', '');
  var n = needed.split('.').map(Number);
  var r = running.split('.').map(Number);
  if (r[0] > n[0] || (r[0] === n[0] && r[1] >= n[1])) return undefined;
  return 'Usher needs Node.js ' + needed + ' or later, and this is ' + running + '.';
};
