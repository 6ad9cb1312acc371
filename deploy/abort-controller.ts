/** In the bundle, in place of npm abort-controller: the class of Node.js. */
const ofNode = AbortController;

export { ofNode as default };
