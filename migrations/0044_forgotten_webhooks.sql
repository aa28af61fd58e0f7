-- What webhooks told of a person goes when the person is forgotten, and bodies stay for a while only
-- (docs/personal-data.md, docs/webhooks.md).

-- When the body was blanked: it is empty then, and the delivery can't be processed again.
alter table webhook_inbox add column blanked_at timestamptz;

create index webhook_inbox_bodies on webhook_inbox (received_at)
where blanked_at is null and state in ('processed', 'kept', 'refused');

-- Which deliveries tell of a person, by the sender's id of the person. organization: in which of the sender's
-- organizations; null: in none. A row goes with the body.
create table webhook_mentions (
    source       text   collate "C" not null,
    person       text   collate "C" not null,
    organization text   collate "C",
    number       bigint not null references webhook_inbox (number) on delete cascade,
    primary key (source, person, number)
);

create index webhook_mentions_of_delivery on webhook_mentions (number);

-- tenant_id: of a membership, the tenant whose member it is; its id is the member's. Its name and address are told here
-- until the member is invited.
-- forgotten_position: of a membership, the event by which the member was forgotten.
alter table webhook_things
    add column tenant_id          text collate "C",
    add column forgotten_position bigint;

create index webhook_things_of_member on webhook_things (tenant_id, id) where kind = 'membership';
create index webhook_things_forgotten on webhook_things (source, owner) where forgotten_position is not null;

grant select, insert, delete on webhook_mentions to annals_appender;

-- Whether a delivery tells of a member under legal hold.
create function webhook_is_held(delivery bigint)
returns boolean
language sql
stable
as $$
    select exists (
        select
        from webhook_mentions m
        join webhook_things t on t.source = m.source and t.kind = 'membership' and t.owner = m.person
        join subject_holds h on h.tenant_id = t.tenant_id and h.subject = 'member/' || t.id
        where m.number = delivery
          and (m.organization is null or m.organization = t.told #>> '{newest,1,membership,organization}')
    )
$$;

-- The deliveries that tell of one person in one organization, and of nobody whom a legal hold protects. One that names
-- no organization tells of the person in all of them.
create function webhook_bodies_about(about_source text, about_person text, about_organization text)
returns setof bigint
language sql
stable
as $$
    select m.number
    from webhook_mentions m
    where m.source = about_source
      and m.person = about_person
      and (m.organization is null or m.organization = about_organization)
      and not webhook_is_held(m.number)
$$;

-- Blanks bodies that are not to be processed any more, of those with these numbers; tells how many.
create function webhook_blank(numbers bigint[], moment timestamptz)
returns bigint
language plpgsql
as $$
declare
    blanked bigint;
begin
    with gone as (
        update webhook_inbox
        set body = '', blanked_at = moment
        where number = any(numbers)
          and blanked_at is null
          and state in ('processed', 'kept', 'refused')
        returning number
    ), unlinked as (
        delete from webhook_mentions m using gone where m.number = gone.number
    )
    select count(*) into blanked from gone;
    return blanked;
end
$$;

create function webhook_told_of_nobody(told json)
returns json
language sql
immutable
as $$
    select jsonb_set(
        jsonb_set(told::jsonb, '{newest,1,membership,email}', '"[erased]"', false),
        '{newest,1,membership,name}', 'null', false
    )::json
$$;

-- Takes a member's name and address out of what webhooks told of it, and blanks the bodies that told it, in the
-- transaction in which the member is forgotten. The counts are for the certificate. A body that is still to be
-- processed goes afterwards.
create function webhook_forget(tenant text, member text, forgotten_at_position bigint, moment timestamptz)
returns void
language plpgsql
as $$
declare
    things bigint;
    bodies bigint;
begin
    with erased as (
        update webhook_things
        set told = webhook_told_of_nobody(told), revision = revision + 1
        where tenant_id = tenant
          and id = member
          and kind = 'membership'
          and told #>> '{newest,1,membership,email}' <> '[erased]'
        returning 1
    )
    select count(*) into things from erased;
    update webhook_things
    set forgotten_position = forgotten_at_position
    where tenant_id = tenant and id = member and kind = 'membership' and forgotten_position is null;
    select coalesce(sum(webhook_blank(array(
        select number
        from webhook_bodies_about(t.source, t.owner, t.told #>> '{newest,1,membership,organization}') as number
        join webhook_inbox i using (number)
        where i.received_at <= moment
    ), moment)), 0)
    into bodies
    from webhook_things t
    where t.tenant_id = tenant and t.id = member and t.kind = 'membership' and t.owner is not null;
    insert into erasure_masks (tenant_id, position, read_model, rows)
    select tenant, forgotten_at_position, counted.name, counted.rows
    from (values ('webhook_inbox', bodies), ('webhook_things', things)) as counted (name, rows)
    where counted.rows > 0
    on conflict (tenant_id, position, read_model) do update set rows = erasure_masks.rows + excluded.rows;
end
$$;

revoke execute on function
    webhook_is_held, webhook_bodies_about, webhook_blank, webhook_told_of_nobody, webhook_forget
from public;
grant execute on function webhook_is_held, webhook_bodies_about, webhook_blank to annals_appender;

-- As in 0023, and whose name and address are erased is forgotten in what webhooks told, too.
create or replace function vault_follow()
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
        if person like 'member/%' then
            perform webhook_forget(
                new.tenant_id, substr(person, length('member/') + 1), new.position, new.recorded_at
            );
        end if;
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
        perform webhook_forget(k.tenant_id, substr(k.subject, length('member/') + 1), new.position, new.recorded_at)
        from subject_keys k
        where k.tenant_id = new.tenant_id
          and k.erased_position = new.position
          and k.wrapped is null
          and k.subject like 'member/%';
    else null;
    end case;
    return null;
end
$$;

revoke execute on function vault_follow from public;

-- What came before this: whose members memberships are is told by the log, where the source's connector invited them,
-- and of whom bodies tell by the bodies. Who was forgotten already is forgotten here as well; these counts are in no
-- certificate, because theirs are signed.
update webhook_things t
set tenant_id = s.tenant_id
from events_at_hand s
where t.kind = 'membership'
  and s.aggregate_type = 'member'
  and s.sequence = 1
  and s.actor = 'connector:' || t.source
  and s.aggregate_id = s.tenant_id || ':' || t.id;

update webhook_things
set told = webhook_told_of_nobody(told), revision = revision + 1
where kind = 'membership' and tenant_id is not null;

create function webhook_people_until_0044(body bytea, event_type text)
returns table (person text, organization text)
language plpgsql
as $$
declare
    message jsonb;
begin
    message := convert_from(body, 'UTF8')::jsonb;
    return query
    select distinct on (found.person) found.person,
           coalesce(
               message #>> '{data,organization,id}', message #>> '{data,payer,organization_id}',
               message #>> '{data,organization_id}'
           )
    from (
        select named #>> '{}' as person from jsonb_path_query(message, 'lax $.**.user_id') as named
        union all
        select message #>> '{data,id}' where event_type like 'user.%'
    ) found
    where found.person is not null;
exception when others then
    -- What is no JSON for PostgreSQL tells of nobody here.
    return;
end
$$;

insert into webhook_mentions (source, person, organization, number)
select i.source, p.person, p.organization, i.number
from webhook_inbox i
cross join lateral webhook_people_until_0044(i.body, i.event_type) p
where i.source in (select source from webhook_things where kind = 'membership')
on conflict do nothing;

drop function webhook_people_until_0044;

select webhook_forget(c.tenant_id, substr(c.subject, length('member/') + 1), c.position, now())
from erasure_certificates c
where c.subject like 'member/%';
