<?php

namespace App\Http\Controllers;

use Illuminate\Auth\Recaller;
use Illuminate\Auth\SessionGuard;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Session\Session;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;

/**
 * Tells Usher who is logged in. Reads the session without the middleware StartSession, and stores nothing: flash
 * messages, the previous URL, the address, the user agent and the time of the last activity stay as they are.
 */
final class UsherSession
{
    public function __invoke(Request $request): JsonResponse
    {
        $secret = (string) config('services.usher.secret');
        // Not 401, 403 or 404, which mean that nobody is logged in.
        if ($secret === '' || ! hash_equals($secret, (string) $request->bearerToken())) {
            return new JsonResponse(null, 400);
        }
        $guard = Auth::guard('web');
        $user = $this->userOfSession($this->readSession($request), $guard) ?? $this->rememberedUser($request, $guard);
        if ($user === null) {
            return new JsonResponse(null, 401);
        }

        return new JsonResponse([
            'id' => $user->getAuthIdentifier(),
            'name' => $user->name,
            // 'roles' => $user->getRoleNames(), 'tenant' => $user->team_id
        ]);
    }

    private function readSession(Request $request): Session
    {
        $session = app('session')->driver();
        $session->setId($request->cookies->get($session->getName()));
        if ($session->handlerNeedsRequest()) {
            $session->setRequestOnHandler($request);
        }
        $session->start();

        return $session;
    }

    /** Auth::user() would store a new session for a user with a “remember me” cookie. */
    private function userOfSession(Session $session, SessionGuard $guard): ?Authenticatable
    {
        $id = $session->get($guard->getName());
        $user = $id === null ? null : $guard->getProvider()->retrieveById($id);
        // Only the middleware AuthenticateSession stores a hash.
        $hash = $session->get('password_hash_web');

        return $user !== null && ($hash === null || $this->isPasswordOf($user, $hash, $guard)) ? $user : null;
    }

    /** The user of a “remember me” cookie. */
    private function rememberedUser(Request $request, SessionGuard $guard): ?Authenticatable
    {
        $recaller = new Recaller((string) $request->cookies->get($guard->getRecallerName()));
        $user = $recaller->valid() ? $guard->getProvider()->retrieveByToken($recaller->id(), $recaller->token()) : null;

        return $user !== null && $this->isPasswordOf($user, $recaller->hash(), $guard) ? $user : null;
    }

    /** Whether the user still has the password of the login. */
    private function isPasswordOf(Authenticatable $user, string $hash, SessionGuard $guard): bool
    {
        $password = (string) $user->getAuthPassword();

        return hash_equals($password, $hash)
            // Laravel 12 stores a hash of the hash.
            || (method_exists($guard, 'hashPasswordForCookie') && hash_equals($guard->hashPasswordForCookie($password), $hash));
    }
}
