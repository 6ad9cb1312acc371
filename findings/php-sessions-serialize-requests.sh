#!/usr/bin/env bash
# PHP 8.2 (Debian 12) with sessions in files, the default: `session_start()` waits until every other request of the same session has ended. A request of
# a backend with the visitor's cookie waits behind a slow page of that visitor, such as a report or a download, although other processes
# of the server are idle. `read_and_close` does not help: it waits, too. The slow page must call `session_write_close()` before its work.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages php-cli
cat >index.php <<'PHP'
<?php
session_save_path(getcwd());
$path = $_SERVER['REQUEST_URI'];
if ($path === '/read') {
    session_start(['read_and_close' => true]);
} else {
    session_start();
}
if ($path === '/slow-closed') {
    session_write_close();
}
if (str_starts_with($path, '/slow')) {
    touch('begun');
    sleep(2);
}
touch("ended-" . basename($path));
echo session_id();
PHP
# Two processes, each of which handles one request at a time.
first=$(free_port)
start php -S "127.0.0.1:$first" index.php 2>first.log
until_listening "$first"
second=$(free_port)
start php -S "127.0.0.1:$second" index.php 2>second.log
until_listening "$second"
cookie="PHPSESSID=$(curl -s "127.0.0.1:$first/")"

# Prints whether a request of this session, or of another one, ends before the slow page.
beside() {
  rm -f begun ended-*
  curl -s -o slow -b "$cookie" "127.0.0.1:$first/$1" &
  local slow=$!
  until [ -e begun ]; do sleep 0.05; done
  curl -s -o fast "${@:3}" "127.0.0.1:$second/$2"
  if [ -e "ended-$1" ]; then echo 'after it'; else echo 'before it'; fi
  wait "$slow"
}

expect 'beside a slow page: another session responds' 'before it' "$(beside slow me)"
expect 'the same session' 'after it' "$(beside slow me -b "$cookie")"
expect 'the same session with read_and_close' 'after it' "$(beside slow read -b "$cookie")"
expect 'the same session, after session_write_close() of the page' 'before it' "$(beside slow-closed me -b "$cookie")"
