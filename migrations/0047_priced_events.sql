-- What prices that rate events one by one have read of the log: a meter as such a price reads it, how far it has read, and the
-- events that counted. Worked out from the log and from nothing else: both tables may be emptied at any time, and the next
-- bill reads from the beginning.
create table priced_meters (
    id         bigint generated always as identity primary key,
    tenant_id  text   collate "C" not null,
    reading    text   collate "C" not null,
    read_up_to bigint not null default 0
);
create unique index priced_meters_by_reading on priced_meters (tenant_id, md5(reading));

create table priced_events (
    tenant_id   text        collate "C" not null,
    meter       bigint      not null,
    position    bigint      not null,
    event_id    text        collate "C" not null,
    occurred_at timestamptz not null,
    pair        text        collate "C" not null,
    currency    text        collate "C",
    value       numeric     not null,
    primary key (meter, position)
);
create index priced_events_by_time on priced_events (meter, occurred_at);
create index priced_events_by_pair on priced_events (meter, pair) where pair <> '';

do $$
declare
    name text;
begin
    foreach name in array array['priced_meters', 'priced_events'] loop
        execute format('grant select, insert, update, delete, truncate on %I to annals_projector', name);
        execute format('alter table %I enable row level security', name);
        execute format('create policy %I on %I to annals_projector using (true) with check (true)',
                       name || '_kept', name);
        execute format('create policy %I on %I to annals_gateway using (tenant_id = current_tenant()) '
                       || 'with check (tenant_id = current_tenant())', name || '_of_the_tenant', name);
    end loop;
end
$$;

grant select, insert, update (read_up_to) on priced_meters to annals_gateway;
grant select, insert on priced_events to annals_gateway;
