-- The event log. Only log_append writes it; nobody updates or deletes an event.

-- One row: where the log ends. Whoever appends holds its lock, so positions are gapless and in the
-- order of commits, and `position > n` is a complete read.
create table log_head (
    only_row    boolean     primary key default true check (only_row),
    position    bigint      not null,
    recorded_at timestamptz not null
) with (fillfactor = 10);

insert into log_head (position, recorded_at)
values (0, '-infinity');

-- Partitioned by the year of recording, so that a year can be detached, kept as a file and read again.
-- aggregate_type .. metadata are the columns that postgres-es reads.
create table events (
    position       bigint      not null,
    tenant_id      text        collate "C" not null,
    aggregate_type text        collate "C" not null,
    aggregate_id   text        collate "C" not null,
    sequence       bigint      not null,
    event_id       text        collate "C" not null,
    event_type     text        collate "C" not null,
    event_version  text        not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    actor          text        not null,
    correlation_id text,
    causation_id   text        collate "C",
    payload        json        not null,
    metadata       json        not null,
    hash           bytea       not null check (octet_length(hash) = 32),
    primary key (position, recorded_at),
    unique (aggregate_type, aggregate_id, sequence, recorded_at)
) partition by range (recorded_at);

create index events_by_tenant on events (tenant_id, position);

-- Makes the partition for the year of a moment, if it is not there yet.
create function log_ensure_partition(moment timestamptz)
returns void
language plpgsql
security definer
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
declare
    year      int  := extract(year from moment);
    partition text := 'events_' || year;
begin
    perform pg_advisory_xact_lock(hashtext('annals.log_ensure_partition'));
    if to_regclass(partition) is not null then
        return;
    end if;
    execute format('create table %I (like events including all)', partition);
    execute format(
        'alter table events attach partition %I for values from (%L) to (%L)',
        partition, make_timestamptz(year, 1, 1, 0, 0, 0), make_timestamptz(year + 1, 1, 1, 0, 0, 0)
    );
    execute format('alter table %I enable row level security', partition);
end
$$;

-- The version of each stream: the number of its events.
create table streams (
    aggregate_type text   collate "C" not null,
    aggregate_id   text   collate "C" not null,
    version        bigint not null,
    primary key (aggregate_type, aggregate_id)
) with (fillfactor = 80);

-- What was taken under an idempotency key or a foreign record's identity, for ever.
-- key: the first 16 bytes of a SHA-256 over tenant, source and id.
create table receipts (
    key            uuid   primary key,
    hash           bytea  not null check (octet_length(hash) = 32),
    position       bigint not null,
    events         int    not null,
    aggregate_type text   collate "C" not null,
    aggregate_id   text   collate "C" not null,
    version        bigint not null
);

-- Appends a batch of writes in one go and says of each what became of it.
--   w_*  one element a write: receipt key (the nil UUID: none) and hash, stream, expected version
--        (-1: a fact's own stream, not checked), number of events.
--   e_*  one element an event, in the order of the writes; e_write is the write's number, e_index the
--        event's number in its write, both from 1.
-- outcome: appended; known (the receipt is there: its hash, position and version are returned);
--          conflict (the stream's version is returned).
create function log_append(
    w_receipt uuid[], w_hash bytea[], w_type text[], w_id text[], w_expected bigint[], w_events int[],
    e_write int[], e_index int[], e_tenant text[], e_type text[], e_id text[], e_event_id text[],
    e_event_type text[], e_version text[], e_occurred_at timestamptz[], e_actor text[],
    e_correlation_id text[], e_causation_id text[], e_payload text[], e_metadata text[], e_hash bytea[],
    moment timestamptz
)
returns table (
    write int, outcome text, "position" bigint, events int, aggregate_type text, aggregate_id text,
    version bigint, hash bytea, recorded_at timestamptz
)
language plpgsql
as $$
#variable_conflict use_column
declare
    head  bigint;
    stamp timestamptz;
    grown bigint;
    bases bigint[]; -- a write: the position before its first event; -1: not appended
begin
    -- Every statement after this one sees all that was committed before the lock was given.
    select h.position, greatest(h.recorded_at, moment)
    into head, stamp
    from log_head h
    for update;

    select array_agg(case when j.fresh then head + j.upto - j.events else -1 end order by j.ord),
           coalesce(sum(j.events) filter (where j.fresh), 0)
    into bases, grown
    from (
        select w.ord, w.events, f.fresh,
               sum(w.events) filter (where f.fresh) over (order by w.ord) as upto
        from unnest(w_receipt, w_type, w_id, w_expected, w_events)
            with ordinality as w (receipt, type, id, expected, events, ord)
        cross join lateral (
            select not exists (select from receipts r where r.key = w.receipt)
               and (w.expected = -1 or w.expected = coalesce(
                    (select s.version from streams s
                     where s.aggregate_type = w.type and s.aggregate_id = w.id), 0)) as fresh
        ) f
    ) j;

    -- What is known or in conflict is read before the new receipts are written.
    if -1 = any (bases) then
        return query
        select w.ord::int,
               case when r.key is not null then 'known' else 'conflict' end,
               r.position, r.events,
               coalesce(r.aggregate_type, w.type),
               coalesce(r.aggregate_id, w.id),
               case when r.key is not null then r.version
                    else coalesce((select s.version from streams s
                                   where s.aggregate_type = w.type and s.aggregate_id = w.id), 0) end,
               r.hash, stamp
        from unnest(w_receipt, w_type, w_id) with ordinality as w (receipt, type, id, ord)
        left join lateral (select r.* from receipts r where r.key = w.receipt) r on true
        where bases[w.ord] < 0;
    end if;

    return query
    with placed as materialized (
        select w.ord, w.receipt, w.hash, w.type, w.id, w.expected, w.events, bases[w.ord] + 1 as first,
               greatest(w.expected, 0) + w.events as version
        from unnest(w_receipt, w_hash, w_type, w_id, w_expected, w_events)
            with ordinality as w (receipt, hash, type, id, expected, events, ord)
        where bases[w.ord] >= 0
    ),
    appended as (
        insert into events
        select bases[e.write] + e.index, e.tenant, e.type, e.id,
               greatest(w_expected[e.write], 0) + e.index, e.event_id, e.event_type, e.version,
               e.occurred_at, stamp, e.actor, e.correlation_id, e.causation_id,
               e.payload::json, e.metadata::json, e.hash
        from unnest(e_write, e_index, e_tenant, e_type, e_id, e_event_id, e_event_type, e_version,
                    e_occurred_at, e_actor, e_correlation_id, e_causation_id, e_payload, e_metadata, e_hash)
            as e (write, index, tenant, type, id, event_id, event_type, version,
                  occurred_at, actor, correlation_id, causation_id, payload, metadata, hash)
        where bases[e.write] >= 0
    ),
    grown_streams as (
        insert into streams (aggregate_type, aggregate_id, version)
        select p.type, p.id, p.version
        from placed p
        where p.expected >= 0 and p.events > 0
        on conflict on constraint streams_pkey do update set version = excluded.version
    ),
    receipted as (
        insert into receipts (key, hash, position, events, aggregate_type, aggregate_id, version)
        select p.receipt, p.hash, p.first, p.events, p.type, p.id, p.version
        from placed p
        where p.receipt <> '00000000-0000-0000-0000-000000000000'
    ),
    moved as (
        update log_head
        set position = head + grown, recorded_at = stamp
        where grown > 0
    )
    select p.ord::int, 'appended', p.first, p.events, p.type, p.id, p.version, null::bytea, stamp
    from placed p;

    if grown > 0 then
        perform pg_notify('annals_log', (head + grown)::text);
    end if;
end
$$;

-- The least rights: the appender adds, the others read.
grant select on events to annals_appender, annals_projector, annals_gateway;
grant insert on events to annals_appender;
grant select, update on log_head to annals_appender;
grant select on log_head to annals_projector, annals_gateway;
grant select, insert, update on streams to annals_appender;
grant select, insert on receipts to annals_appender;
revoke execute on function log_append from public;
revoke execute on function log_ensure_partition from public;
grant execute on function log_append to annals_appender;
grant execute on function log_ensure_partition to annals_appender;

-- Whoever serves requests sees the rows of one tenant, the one that the transaction names.
create function current_tenant()
returns text
language sql
stable
return nullif(current_setting('annals.tenant', true), '');

alter table events enable row level security;

create policy events_for_the_house on events
for select to annals_appender, annals_projector
using (true);

create policy events_appended on events
for insert to annals_appender
with check (true);

create policy events_of_the_tenant on events
for select to annals_gateway
using (tenant_id = current_tenant());

-- A second lock on the same door, for the owner's own mistakes.
create function refuse_change()
returns trigger
language plpgsql
as $$
begin
    raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name;
end
$$;

create trigger events_are_append_only
before update or delete or truncate on events
for each statement execute function refuse_change();
