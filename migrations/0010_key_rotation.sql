-- A key's token before goes on for a while after a rotation, and is found by its hash like the one in force.
alter table api_key
    add column origins        jsonb       not null default '[]',
    add column previous_hash  text        collate "C",
    add column previous_until timestamptz,
    add column last_used_at   timestamptz;
create index api_key_by_previous_hash on api_key (previous_hash);

drop policy api_key_by_its_hash on api_key;

-- A bearer is looked up before its tenant is known: whoever names a key's hash may see that key.
create policy api_key_by_its_hash on api_key
for select to annals_gateway
using (nullif(current_setting('annals.api_key_hash', true), '') in (hash, previous_hash));
