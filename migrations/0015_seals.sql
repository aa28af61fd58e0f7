-- Seals: each tenant's events are the leaves of a Merkle tree (RFC 6962), whose roots are signed by a key that
-- PostgreSQL never sees. docs/proofs.md says what a leaf and a checkpoint are.

-- One row: up to where the log is sealed, and what its signed notes call it. Whoever seals holds its lock.
create table seal_head (
    only_row  boolean     primary key default true check (only_row),
    name      text        collate "C" not null,
    position  bigint      not null default 0,
    sealed_at timestamptz not null default '-infinity'
) with (fillfactor = 10);

-- The public keys that sign, or signed. endorsement: the signed note by which the one before
-- trusts it; the first has none, nor has one that follows a key that was lost.
create table seal_keys (
    number      int         primary key,
    public_key  bytea       not null unique check (octet_length(public_key) = 32),
    endorsement text,
    added_at    timestamptz not null
);

-- A tenant's tree: so many leaves, the last one at this position of the log.
create table seal_trees (
    tenant_id text   collate "C" primary key,
    size      bigint not null,
    position  bigint not null
) with (fillfactor = 50);

-- Up to 32 neighbouring hashes of a tree, 32 bytes each: of leaves (level 0), of complete subtrees of 32 leaves
-- (level 1), of 1,024 (level 2), ... Those between are computed. A tile is small enough to lie in its row.
-- positions: of the leaves of level 0 in the log, 8 bytes each, big-endian.
create table seal_tiles (
    tenant_id      text     collate "C" not null,
    level          smallint not null,
    index          bigint   not null,
    hashes         bytea    not null check (octet_length(hashes) between 32 and 1024 and octet_length(hashes) % 32 = 0),
    positions      bytea    check (level > 0 or octet_length(positions) * 4 = octet_length(hashes)),
    first_position bigint,
    primary key (tenant_id, level, index)
) with (fillfactor = 70);

alter table seal_tiles alter column hashes set storage plain;
alter table seal_tiles alter column positions set storage plain;

create index seal_tiles_by_position on seal_tiles (tenant_id, first_position) where level = 0;

-- What was signed: the root at a size. The note is made of it again, byte for byte.
create table seal_checkpoints (
    tenant_id    text        collate "C" not null,
    size         bigint      not null,
    position     bigint      not null,
    root         bytea       not null check (octet_length(root) = 32),
    key          int         not null references seal_keys,
    signature    bytea       not null check (octet_length(signature) = 64),
    cosignatures text        not null default '',
    sealed_at    timestamptz not null,
    primary key (tenant_id, size)
);

grant select, insert, update on seal_head, seal_trees, seal_tiles, seal_checkpoints to annals_projector;
grant select, insert on seal_keys to annals_projector;
grant select on seal_head, seal_keys, seal_trees, seal_tiles, seal_checkpoints to annals_gateway;

do $$
declare
    sealed text;
begin
    foreach sealed in array array['seal_trees', 'seal_tiles', 'seal_checkpoints'] loop
        execute format('alter table %I enable row level security', sealed);
        execute format('create policy %I on %I to annals_projector using (true) with check (true)', sealed || '_sealed', sealed);
        execute format(
            'create policy %I on %I for select to annals_gateway using (tenant_id = current_tenant())',
            sealed || '_of_the_tenant', sealed
        );
    end loop;
end
$$;
