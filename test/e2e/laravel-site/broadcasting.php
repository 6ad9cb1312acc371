<?php
/** Broadcasting as Laravel has it, with the channels of `routes/channels.php`. */

namespace Pusher {
    /** Debian has no package of pusher-php-server. These are the parts of it that authorize. */
    class Pusher
    {
        public function socket_auth($channel, $socket, $data = null)
        {
            $text = $data === null ? "$socket:$channel" : "$socket:$channel:$data";
            $auth = ['auth' => 'site:' . hash_hmac('sha256', $text, 'of the site')];
            return json_encode($data === null ? $auth : $auth + ['channel_data' => $data]);
        }

        public function presence_auth($channel, $socket, $id, $info)
        {
            return $this->socket_auth($channel, $socket, json_encode(['user_id' => $id, 'user_info' => $info]));
        }
    }
}

namespace {
    use Illuminate\Broadcasting\Broadcasters\PusherBroadcaster;
    use Illuminate\Http\Request;
    use Illuminate\Support\Facades\Broadcast;

    $broadcaster = new PusherBroadcaster(new Pusher\Pusher());
    Broadcast::swap($broadcaster);
    require __DIR__ . '/routes/channels.php';

    $router->post('broadcasting/auth', fn (Request $request) => $broadcaster->auth($request))->middleware('web');
}
