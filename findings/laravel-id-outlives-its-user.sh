#!/usr/bin/env bash
# Laravel 8.83.26 (Debian 12), session guard: after the row of a logged-in user was deleted, `check()` is false and `user()` is null, but
# `id()` still returns the user's id, from the session. Code that decides by `Auth::id()` and code that decides by `Auth::check()` disagree.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages php-cli php-illuminate-auth php-illuminate-session php-illuminate-http

cat >guard.php <<'PHP'
<?php
foreach (['Support', 'Auth', 'Session', 'Http'] as $package) require_once "Illuminate/$package/autoload.php";

use Illuminate\Auth\{GenericUser, SessionGuard};
use Illuminate\Contracts\Auth\{Authenticatable, UserProvider};
use Illuminate\Session\{ArraySessionHandler, Store};

/** The users of an application; none has a password here. */
class Users implements UserProvider
{
    public function __construct(private array $rows) {}
    public function retrieveById($id) { return isset($this->rows[$id]) ? new GenericUser(['id' => $id]) : null; }
    public function retrieveByToken($id, $token) { return null; }
    public function updateRememberToken(Authenticatable $user, $token) {}
    public function retrieveByCredentials(array $credentials) { return null; }
    public function validateCredentials(Authenticatable $user, array $credentials) { return false; }
}
$session = new Store('session', new ArraySessionHandler(60));
foreach ([[15 => []], []] as $rows) {
    $guard = new SessionGuard('web', new Users($rows), $session);
    // What a login stores.
    $session->put($guard->getName(), 15);
    echo json_encode([$guard->check(), $guard->user()?->id, $guard->id()]), "\n";
}
PHP

dpkg-query -W -f '${Package} ${Version}\n' php-illuminate-auth
php guard.php >result
expect 'check(), the id of user(), and id() of a logged-in user' '[true,15,15]' "$(sed -n 1p result)"
expect 'after the row was deleted' '[false,null,15]' "$(sed -n 2p result)"
