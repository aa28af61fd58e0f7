"""Python's gql: queries and mutations over HTTP, everything over the WebSocket."""

import asyncio
import sys

from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.websockets import WebsocketsTransport

URL, TOKEN = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
QUERY = "{ me { actor } }"
MUTATION = (
    "mutation Capture($input: CaptureLeadInput!)"
    " { captureLead(input: $input) { localId cursor userErrors { message } } }"
)
SUBSCRIPTION = (
    "subscription Events($after: Cursor)"
    ' { events(after: $after, filter: { types: ["lead.*"] })'
    " { __typename ... on Event { cursor type stream { id } } } }"
)


def asked(document, **variables):
    return GraphQLRequest(document, variable_values=variables)


async def capture(session, lead):
    lead = {"id": lead, "vertical": "sales", "source": "clients"}
    captured = (await session.execute(asked(MUTATION, input=lead)))["captureLead"]
    assert captured["userErrors"] == [], captured
    return captured["cursor"]


async def main():
    http = AIOHTTPTransport(url=URL, headers=HEADERS)
    async with Client(transport=http) as session:
        assert (await session.execute(asked(QUERY)))["me"]["actor"] == "api_key:clients"
        await capture(session, "python-0")

    socket = WebsocketsTransport(
        url=URL.replace("http", "ws") + "/ws",
        init_payload=HEADERS,
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        ping_interval=5,
        pong_timeout=20,
    )
    async with Client(transport=socket) as session:
        assert (await session.execute(asked(QUERY)))["me"]["actor"] == "api_key:clients"
        cursor = await capture(session, "python-1")
        await capture(session, "python-2")
        async for result in session.subscribe(asked(SUBSCRIPTION, after=cursor)):
            if result["events"]["__typename"] != "Event":
                continue
            assert result["events"]["stream"]["id"] == "python-2", result
            break
    print("gql: query, mutation and subscription")


asyncio.run(asyncio.wait_for(main(), 30))
