"""A Channels application as small as one can be. It greets with what it knows of the client, and does as the path says."""

import json

import django
from django.conf import settings

settings.configure(SECRET_KEY="of a test", ALLOWED_HOSTS=["app.example"], INSTALLED_APPS=["channels"])
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from channels.security.websocket import AllowedHostsOriginValidator


class Chat(AsyncWebsocketConsumer):
    async def connect(self):
        query = self.scope["query_string"].decode()
        if query == "deny":
            await self.close()
            return
        if query == "crash":
            raise RuntimeError("as asked")
        offered = self.scope["subprotocols"]
        await self.accept("v2.chat" if "v2.chat" in offered else None)
        headers = {name.decode(): value.decode() for name, value in self.scope["headers"]}
        await self.send(json.dumps({"offered": offered, "headers": headers}))

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "close":
            await self.close(4321)
        else:
            await self.send(text_data * 200_000)


application = ProtocolTypeRouter({"websocket": AllowedHostsOriginValidator(Chat.as_asgi())})
