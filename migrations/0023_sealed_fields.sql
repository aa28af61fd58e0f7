-- Personal fields are sealed per data subject. docs/personal-data.md says how.

-- One row: the master key that wraps new data keys. PostgreSQL never sees a master key, only its id.
create table vault_head (
    only_row   boolean     primary key default true check (only_row),
    master_key text        collate "C" not null,
    since      timestamptz not null
);

-- Data keys, wrapped by a master key: one a subject, event type and month of recording.
-- wrapped: null once the key is destroyed, by the event at erased_position.
create table subject_keys (
    tenant_id       text        collate "C" not null,
    key_id          text        collate "C" not null,
    subject         text        collate "C" not null,
    event_type      text        collate "C" not null,
    month           date        not null check (extract(day from month) = 1),
    master_key      text        collate "C" not null,
    wrapped         bytea,
    created_at      timestamptz not null,
    erased_position bigint,
    erased_at       timestamptz,
    primary key (tenant_id, key_id),
    check ((wrapped is null) = (erased_position is not null) and (wrapped is null) = (erased_at is not null))
);

create unique index subject_keys_in_use on subject_keys (tenant_id, subject, event_type, month)
where wrapped is not null;

create index subject_keys_by_subject on subject_keys (tenant_id, subject);
create index subject_keys_by_age on subject_keys (tenant_id, event_type, month) where wrapped is not null;
create index subject_keys_by_master on subject_keys (master_key) where wrapped is not null;
create index subject_keys_erased on subject_keys (tenant_id, erased_position) where wrapped is null;

-- The legal holds in force.
create table subject_holds (
    tenant_id text        collate "C" not null,
    subject   text        collate "C" not null,
    hold      text        collate "C" not null,
    position  bigint      not null,
    placed_at timestamptz not null,
    primary key (tenant_id, subject, hold)
);

-- What an erasure found in a read model, written with the rows that it masked.
create table erasure_masks (
    tenant_id  text   collate "C" not null,
    position   bigint not null,
    read_model text   collate "C" not null,
    rows       bigint not null,
    primary key (tenant_id, position, read_model)
);

-- The erasures of subjects, each with its certificate: text and signature as one note.
-- note: null until the read models have masked what they held, and a sealer has signed.
create table erasure_certificates (
    tenant_id text        collate "C" not null,
    position  bigint      not null,
    subject   text        collate "C" not null,
    note      text,
    signed_at timestamptz,
    primary key (tenant_id, position),
    check ((note is null) = (signed_at is null))
);

create index erasure_certificates_by_subject on erasure_certificates (tenant_id, subject, position);
create index erasure_certificates_to_sign on erasure_certificates (position) where note is null;

-- A fact of access is about its actor, and has a stream of its own.
create index events_of_access_by_actor on events (tenant_id, actor, position) where aggregate_type = 'access';

-- A key dies in the transaction in which the log says so, and a hold begins and ends likewise. What an event of
-- the past says about keys that are younger than it is (a restored year's) does not hold.
create function vault_follow()
returns trigger
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
    about  text := split_part(new.aggregate_id, ':', 1);
    person text := substr(new.aggregate_id, length(about) + 2);
begin
    if about <> new.tenant_id then
        raise exception 'the stream % is not of the tenant %', new.aggregate_id, new.tenant_id;
    end if;
    case new.event_type
    when 'subject.forgotten' then
        update subject_keys
        set wrapped = null, erased_position = new.position, erased_at = new.recorded_at
        where tenant_id = new.tenant_id
          and subject = person
          and wrapped is not null
          and created_at <= new.recorded_at;
        insert into erasure_certificates (tenant_id, position, subject)
        values (new.tenant_id, new.position, person)
        on conflict do nothing;
    when 'subject.hold_placed' then
        insert into subject_holds (tenant_id, subject, hold, position, placed_at)
        values (new.tenant_id, person, new.payload -> 'hold_placed' ->> 'hold', new.position, new.recorded_at)
        on conflict do nothing;
    when 'subject.hold_lifted' then
        delete from subject_holds
        where tenant_id = new.tenant_id
          and subject = person
          and hold = new.payload -> 'hold_lifted' ->> 'hold';
    when 'retention.applied' then
        update subject_keys k
        set wrapped = null, erased_position = new.position, erased_at = new.recorded_at
        where k.tenant_id = new.tenant_id
          and k.event_type = new.payload -> 'applied' ->> 'event_type'
          and k.month < (new.payload -> 'applied' ->> 'before')::date
          and k.wrapped is not null
          and not exists (
              select from subject_holds h where h.tenant_id = k.tenant_id and h.subject = k.subject
          );
    else null;
    end case;
    return null;
end
$$;

revoke execute on function vault_follow from public;

create trigger events_move_the_vault
after insert on events
for each row
when (new.aggregate_type in ('subject', 'retention'))
execute function vault_follow();

-- Keeps fresh data keys, unless others were quicker, and gives those in use. The commit need not wait for the disk: an
-- event that is sealed with them is committed later, and takes them along. Whoever wraps with a master key that is
-- not the current one any more is told so.
create function vault_add_keys(
    tenants text[], ids text[], subjects text[], types text[], recorded_month date, master text, secrets bytea[],
    moment timestamptz
)
returns table (tenant text, person text, kind text, id text)
language plpgsql
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    perform pg_advisory_xact_lock_shared(hashtext('annals.vault'));
    if not exists (select from vault_head h where h.master_key = master) then
        raise exception 'the master key % does not wrap any more', master using errcode = 'ANMKR';
    end if;
    insert into subject_keys (tenant_id, key_id, subject, event_type, month, master_key, wrapped, created_at)
    select k.tenant, k.id, k.subject, k.type, recorded_month, master, k.secret, moment
    from unnest(tenants, ids, subjects, types, secrets) as k (tenant, id, subject, type, secret)
    on conflict do nothing;
    return query
    select s.tenant_id, s.subject, s.event_type, s.key_id
    from unnest(tenants, subjects, types) as k (tenant, subject, type)
    join subject_keys s
      on s.tenant_id = k.tenant and s.subject = k.subject and s.event_type = k.type
     and s.month = recorded_month and s.wrapped is not null;
end
$$;

revoke execute on function vault_add_keys from public;
grant execute on function vault_add_keys to annals_appender;

grant select on vault_head to annals_appender, annals_projector;
grant insert on vault_head to annals_appender;
grant update on vault_head to annals_projector;
grant select, insert on subject_keys to annals_appender;
grant select, update (master_key, wrapped) on subject_keys to annals_projector;
grant select on subject_holds to annals_appender, annals_projector, annals_gateway;
grant select, insert, update on erasure_masks to annals_projector;
grant select, update on erasure_certificates to annals_projector;
grant select on erasure_masks, erasure_certificates to annals_appender, annals_gateway;

do $$
declare
    guarded text;
begin
    foreach guarded in array array['subject_keys', 'subject_holds', 'erasure_masks', 'erasure_certificates'] loop
        execute format('alter table %I enable row level security', guarded);
        execute format(
            'create policy %I on %I to annals_appender, annals_projector using (true) with check (true)',
            guarded || '_for_the_house', guarded
        );
        execute format(
            'create policy %I on %I for select to annals_gateway using (tenant_id = current_tenant())',
            guarded || '_of_the_tenant', guarded
        );
    end loop;
end
$$;
