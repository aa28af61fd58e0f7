-- Webhooks that go out: which endpoints there are as a read model, and what waits to be sent to them.

create table webhook_endpoint (
    tenant_id      text        collate "C" not null,
    id             text        collate "C" not null,
    url            text        collate "C" not null,
    description    text,
    events         jsonb       not null,
    delivery       text        collate "C" not null,
    personal_data  text        collate "C" not null,
    status         text        collate "C" not null,
    reason         text,
    scheme         text        collate "C" not null,
    previous_until timestamptz,
    created_at     timestamptz not null,
    changed_at     timestamptz not null,
    position       bigint      not null,
    primary key (tenant_id, id)
);
create index webhook_endpoint_newest on webhook_endpoint (tenant_id, created_at desc, id desc);

grant select, insert, update, delete, truncate on webhook_endpoint to annals_projector;
grant select on webhook_endpoint to annals_gateway;
alter table webhook_endpoint enable row level security;
create policy webhook_endpoint_folded on webhook_endpoint to annals_projector using (true) with check (true);
create policy webhook_endpoint_of_the_tenant on webhook_endpoint for select to annals_gateway
    using (tenant_id = current_tenant());

-- One row: up to where the log was turned into deliveries.
create table webhook_head (
    only_row boolean primary key default true check (only_row),
    position bigint  not null
) with (fillfactor = 10);

-- An endpoint as the senders see it. state: the endpoint's settings and secrets as JSON, folded from the log.
create table webhook_queues (
    tenant_id text    collate "C" not null,
    endpoint  text    collate "C" not null,
    settings  json    not null,
    at_once   int     not null, -- how many deliveries at once: 1, when they are in order
    is_open   boolean not null, -- false while it is paused
    primary key (tenant_id, endpoint)
);

-- What is to be sent, was sent, or was dropped with its endpoint. An event is in it once an endpoint.
create table webhook_deliveries (
    number      bigint      generated always as identity primary key,
    tenant_id   text        collate "C" not null,
    endpoint    text        collate "C" not null,
    position    bigint      not null, -- of the event in the log
    webhook_id  text        collate "C" not null,
    event_type  text        collate "C" not null,
    state       text        collate "C" not null default 'pending' check (state in ('pending', 'delivered', 'dropped')),
    attempts    int         not null default 0, -- since it was queued, or asked for again
    due_at      timestamptz not null,
    lease       text        collate "C", -- who sends it now
    lease_until timestamptz,
    queued_at   timestamptz not null,
    settled_at  timestamptz,
    status      int,  -- the last answer's
    error       text, -- why there was none, or why it was none of success
    latency_ms  int,
    answer      text, -- its first bytes
    attempted_at timestamptz,
    tries       jsonb       not null default '[]', -- the last attempts, each with its time, status, error and latency
    unique (tenant_id, endpoint, position)
) with (fillfactor = 80);

create index webhook_deliveries_in_order on webhook_deliveries (tenant_id, endpoint, position) where state = 'pending';
create index webhook_deliveries_by_time on webhook_deliveries (tenant_id, endpoint, due_at) where state = 'pending';

grant select, insert, update on webhook_head to annals_projector;
grant select, insert, update, delete on webhook_queues, webhook_deliveries to annals_projector;
grant select on webhook_deliveries to annals_gateway;

alter table webhook_deliveries enable row level security;
create policy webhook_deliveries_sent on webhook_deliveries to annals_projector using (true) with check (true);
create policy webhook_deliveries_of_the_tenant on webhook_deliveries for select to annals_gateway
    using (tenant_id = current_tenant());
