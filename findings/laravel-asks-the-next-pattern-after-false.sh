#!/usr/bin/env bash
# Laravel 8.83.26 (Debian 12), `Broadcast::channel()`: a callback that returns false does not refuse. If another pattern matches the name,
# such as `chat.{room}` after `chat.{id}`, its callback is called as well, and one that grants is enough. So a second declaration for the same
# names widens the first one, and its order does not matter.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages php-cli php-illuminate-broadcasting php-illuminate-http php-illuminate-routing

cat >channels.php <<'PHP'
<?php
foreach (['Support', 'Broadcasting', 'Http'] as $package) require_once "Illuminate/$package/autoload.php";

/** A broadcaster that responds with what the callback returned, and needs no server. */
class Recorder extends Illuminate\Broadcasting\Broadcasters\Broadcaster
{
    public function auth($request) { return $this->verifyUserCanAccessChannel($request, $request->channel_name); }
    public function validAuthenticationResponse($request, $result) { return $result; }
    public function broadcast(array $channels, $event, array $payload = []) {}
}
$request = new Illuminate\Http\Request(['channel_name' => 'chat.1']);
$request->setUserResolver(fn () => (object) ['id' => 15]);
$patterns = ['chat.{id}' => fn () => false, 'chat.{room}' => fn () => 'granted by chat.{room}'];
foreach ([['chat.{id}'], ['chat.{id}', 'chat.{room}'], ['chat.{room}', 'chat.{id}']] as $declared) {
    $broadcaster = new Recorder;
    foreach ($declared as $pattern) $broadcaster->channel($pattern, $patterns[$pattern]);
    try {
        echo $broadcaster->auth($request), "\n";
    } catch (Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException) {
        echo "refused\n";
    }
}
PHP

dpkg-query -W -f '${Package} ${Version}\n' php-illuminate-broadcasting
php channels.php >result
expect 'chat.1, with the pattern chat.{id}, whose callback returns false' 'refused' "$(sed -n 1p result)"
expect 'with chat.{room} after it' 'granted by chat.{room}' "$(sed -n 2p result)"
expect 'with chat.{room} before it' 'granted by chat.{room}' "$(sed -n 3p result)"
