#!/usr/bin/env bash
# Laravel 8.83.26 (Debian 12), `Broadcast::routes()`: in the middleware group `web` a POST without a CSRF token gets 419, but not at
# `broadcasting/auth`: the route leaves out the CSRF middleware, also a subclass of an application. An endpoint of one's own has the check, so
# pages that send no token work with the one and not with the other.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages php-cli php-laravel-framework

cat >site.php <<'PHP'
<?php
require_once 'Illuminate/autoload.php';

use Illuminate\Contracts\{Debug\ExceptionHandler, Http\Kernel as HttpKernel};
use Illuminate\Foundation\{Application, Bootstrap, Http\Kernel, Http\Middleware\VerifyCsrfToken};
use Illuminate\Http\{Request, Response};
use Illuminate\Support\Facades\Broadcast;

/** As `app/Http/Middleware/VerifyCsrfToken.php` of a new application. */
class SiteCsrf extends VerifyCsrfToken {}

class Configure
{
    public function bootstrap(Application $app): void
    {
        $app->instance('config', new Illuminate\Config\Repository([
            'app' => ['key' => str_repeat('k', 32), 'cipher' => 'AES-256-CBC', 'providers' => [
                Illuminate\Broadcasting\BroadcastServiceProvider::class, Illuminate\Cookie\CookieServiceProvider::class,
                Illuminate\Encryption\EncryptionServiceProvider::class, Illuminate\Filesystem\FilesystemServiceProvider::class,
                Illuminate\Session\SessionServiceProvider::class,
            ]],
            'broadcasting' => ['default' => 'null', 'connections' => ['null' => ['driver' => 'null']]],
            'session' => ['driver' => 'array', 'lifetime' => 120, 'expire_on_close' => false, 'lottery' => [0, 1], 'cookie' => 'session', 'path' => '/',
                'domain' => null, 'secure' => false, 'same_site' => 'lax', 'encrypt' => false],
        ]));
    }
}
class SiteKernel extends Kernel
{
    protected $bootstrappers = [Configure::class, Bootstrap\RegisterFacades::class, Bootstrap\RegisterProviders::class, Bootstrap\BootProviders::class];
    protected $middlewareGroups = ['web' => [Illuminate\Session\Middleware\StartSession::class, SiteCsrf::class]];
}
class Handler implements ExceptionHandler
{
    public function report(Throwable $e) {}
    public function shouldReport(Throwable $e) { return false; }
    public function renderForConsole($output, Throwable $e) {}
    public function render($request, Throwable $e) { return new Response('', $e instanceof Illuminate\Session\TokenMismatchException ? 419 : 500); }
}

$app = new Application(__DIR__);
$app->singleton(HttpKernel::class, SiteKernel::class);
$app->singleton(ExceptionHandler::class, Handler::class);
$kernel = $app->make(HttpKernel::class);
$kernel->bootstrap();
Broadcast::routes();
$app['router']->post('own/auth', fn () => 'granted')->middleware('web');
foreach (['own/auth', 'broadcasting/auth'] as $path) {
    echo $kernel->handle(Request::create("http://site.example/$path", 'POST', ['socket_id' => '1.1', 'channel_name' => 'private-a']))->getStatusCode(), "\n";
}
PHP

dpkg-query -W -f '${Package} ${Version}\n' php-illuminate-broadcasting
mkdir -p bootstrap/cache
php site.php >result
expect 'a POST without a CSRF token, to an endpoint in the group web' '419' "$(sed -n 1p result)"
expect 'to broadcasting/auth in the same group' '200' "$(sed -n 2p result)"
