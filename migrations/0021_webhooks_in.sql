-- Webhooks that come in. What a sender sent lies here as it came, byte for byte, until somebody removes it: it may hold
-- personal data and anything else that a sender thinks of, so it is not in the log (docs/decisions/0014).

-- state: waiting (to be processed), processed, held (until what `waits_for` names is known), kept (nothing follows
-- from it), refused (the rules say no; `note` says why).
create table webhook_inbox (
    number      bigint      generated always as identity,
    source      text        collate "C" not null,
    delivery_id text        collate "C" not null,
    event_type  text        collate "C" not null,
    body        bytea       not null,
    received_at timestamptz not null,
    state       text        collate "C" not null default 'waiting'
        check (state in ('waiting', 'processed', 'held', 'kept', 'refused')),
    waits_for   text        collate "C",
    note        text,
    runs        int         not null default 0,
    primary key (source, delivery_id),
    unique (number)
) with (fillfactor = 80);

create index webhook_inbox_waiting on webhook_inbox (number) where state = 'waiting';
create index webhook_inbox_held on webhook_inbox (source, waits_for) where state = 'held';

-- What senders told of a thing of theirs so far, whatever the order in which it came: the newest by the sender's own
-- time. `revision` counts the changes.
create table webhook_things (
    source   text   collate "C" not null,
    kind     text   collate "C" not null,
    id       text   collate "C" not null,
    owner    text   collate "C",
    told     json   not null,
    revision bigint not null,
    primary key (source, kind, id)
) with (fillfactor = 80);

create index webhook_things_of_owner on webhook_things (source, kind, owner) where owner is not null;

grant select, insert, update on webhook_inbox, webhook_things to annals_appender;
