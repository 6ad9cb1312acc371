<?php
/** A Laravel application as small as one can be. What differs from test to test comes from the environment. */

require_once 'Illuminate/autoload.php';
require_once __DIR__ . '/../../../examples/introspection/UsherSession.php';

use Illuminate\Config\Repository;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Bootstrap\BootProviders;
use Illuminate\Foundation\Bootstrap\RegisterFacades;
use Illuminate\Foundation\Bootstrap\RegisterProviders;
use Illuminate\Foundation\Http\Kernel;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Hash;

class User extends Illuminate\Foundation\Auth\User
{
    protected $table = 'users';
    public $timestamps = false;
}

class Configure
{
    public function bootstrap(Application $app): void
    {
        $app->instance('config', new Repository([
            'app' => [
                'name' => 'site',
                'key' => getenv('APP_KEY'),
                'cipher' => getenv('APP_CIPHER'),
                'debug' => true,
                'providers' => [
                    Illuminate\Auth\AuthServiceProvider::class,
                    Illuminate\Cookie\CookieServiceProvider::class,
                    Illuminate\Database\DatabaseServiceProvider::class,
                    Illuminate\Encryption\EncryptionServiceProvider::class,
                    Illuminate\Filesystem\FilesystemServiceProvider::class,
                    Illuminate\Hashing\HashServiceProvider::class,
                    Illuminate\Session\SessionServiceProvider::class,
                ],
            ],
            'auth' => [
                'defaults' => ['guard' => 'web'],
                'guards' => ['web' => ['driver' => 'session', 'provider' => 'users']],
                'providers' => ['users' => ['driver' => 'eloquent', 'model' => User::class]],
            ],
            'database' => [
                'default' => 'pgsql',
                'connections' => ['pgsql' => ['driver' => 'pgsql'] + json_decode(getenv('DATABASE'), true)],
            ],
            'services' => ['usher' => ['secret' => getenv('USHER_SECRET')]],
            'hashing' => ['driver' => 'bcrypt', 'bcrypt' => ['rounds' => 4]],
            'session' => [
                'driver' => 'database', 'table' => 'sessions', 'connection' => null, 'store' => null,
                'lifetime' => 120, 'expire_on_close' => false, 'lottery' => [0, 1],
                'encrypt' => getenv('SESSION_ENCRYPT') === 'true', 'cookie' => 'site_session',
                'path' => '/', 'domain' => null, 'secure' => false, 'http_only' => true, 'same_site' => 'lax',
            ],
        ]));
    }
}

class SiteKernel extends Kernel
{
    protected $bootstrappers = [Configure::class, RegisterFacades::class, RegisterProviders::class, BootProviders::class];
    protected $middlewareGroups = ['web' => [
        Illuminate\Cookie\Middleware\EncryptCookies::class,
        Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse::class,
        Illuminate\Session\Middleware\StartSession::class,
        Illuminate\Session\Middleware\AuthenticateSession::class,
    ]];
}

class Handler implements Illuminate\Contracts\Debug\ExceptionHandler
{
    public function report(Throwable $e) { error_log((string) $e); }
    public function shouldReport(Throwable $e) { return true; }
    public function render($request, Throwable $e)
    {
        $status = match (true) {
            $e instanceof Illuminate\Auth\AuthenticationException => 401,
            $e instanceof Symfony\Component\HttpKernel\Exception\HttpExceptionInterface => $e->getStatusCode(),
            default => 500,
        };
        return new Illuminate\Http\Response($status < 500 ? '' : (string) $e, $status);
    }
    public function renderForConsole($output, Throwable $e) {}
}

$app = new Application(getenv('SITE_DIRECTORY'));
$app->singleton(Illuminate\Contracts\Http\Kernel::class, SiteKernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Handler::class);

$router = $app['router'];
$router->post('tables', function () {
    DB::unprepared('CREATE TABLE sessions (id varchar(255) PRIMARY KEY, user_id bigint, ip_address varchar(45),
        user_agent text, payload text NOT NULL, last_activity integer NOT NULL);
        CREATE TABLE users (id bigserial PRIMARY KEY, name varchar(255), password varchar(255), remember_token varchar(100),
        deleted_at timestamp(0))');
});
$router->post('users', function (Request $request) {
    return ['id' => DB::table('users')->insertGetId(
        ['name' => $request->input('name'), 'password' => Hash::make($request->input('password'))])];
});
$router->post('passwords', function (Request $request) {
    DB::table('users')->where('name', $request->input('name'))
        ->update(['password' => Hash::make($request->input('password'))]);
});
$router->group(['middleware' => 'web'], function ($router) {
    $router->get('me', fn () => ['id' => Auth::id()]);
    $router->post('login', function (Request $request) {
        $found = Auth::attempt($request->only('name', 'password'), $request->boolean('remember'));
        $request->session()->regenerate();
        return ['ok' => $found];
    });
    $router->get('save', function (Request $request) {
        $request->session()->flash('status', 'saved');
    });
    $router->get('status', fn (Request $request) => [
        'status' => $request->session()->get('status'), 'previous' => $request->session()->previousUrl()]);
    $router->post('logout', function (Request $request) {
        Auth::logout();
        $request->session()->invalidate();
        $request->session()->regenerateToken();
    });
});

require __DIR__ . '/broadcasting.php';

// As documented in docs/session-introspection.md.
$router->get('usher/session', App\Http\Controllers\UsherSession::class)
    ->middleware(Illuminate\Cookie\Middleware\EncryptCookies::class);

$kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
$response = $kernel->handle($request = Request::capture());
$response->send();
$kernel->terminate($request, $response);
