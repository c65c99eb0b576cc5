-- The ledger's file. Everything but `disclosure` (an erasure deletes from it) and `cosignature` (witnesses add to it) can be
-- derived again from the column `entry.entry`; `mingzhang fsck` does so and names the first row that differs.
-- Tables are clustered by what they are read by, and narrow where a batch touches many rows.

-- The leaves of the log: formats.md §2.
CREATE TABLE entry (
    idx      INTEGER PRIMARY KEY, -- index of the entry, 0-based, without gaps
    prev_idx INTEGER,             -- index of the previous entry of the same subject; NULL for a subject's first entry and for a seal
    entry    TEXT NOT NULL,       -- the entry, byte for byte as it was hashed
    CHECK (idx >= 0 AND (prev_idx IS NULL OR prev_idx < idx))
) STRICT;

CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry is never updated'); END;
CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;

-- The hash tree in tiles (C2SP tlog-tiles): leaf hashes are kept here and nowhere else.
CREATE TABLE tile (
    id     INTEGER PRIMARY KEY, -- level * 2^48 + number of the tile within its level
    hashes BLOB NOT NULL,       -- 1 to 256 hashes of 32 bytes; only the last tile of a level has fewer than 256
    CHECK (id >= 0 AND length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0)
) STRICT;

-- What recognises a statement that was submitted before. An index on random ids would dirty one page per entry, this only
-- grows at its end; the writer holds all of it in memory and confirms a match by reading the entry.
CREATE TABLE statement_id (
    tile INTEGER PRIMARY KEY, -- entries tile*256 to tile*256+255
    ids  BLOB NOT NULL,       -- per entry the first 8 bytes of SHA-256(iss || "\n" || jti); zeros for the genesis and for seals
    CHECK (tile >= 0 AND length(ids) BETWEEN 8 AND 2048 AND length(ids) % 8 = 0)
) STRICT;

-- The subject map's leaves, clustered by key: one bucket of the map is one range of this table. formats.md §3.
-- A batch changes rows all over this table and `map_tile`; they are therefore brought up to date every few thousand
-- changes only, and `map_change` holds what is newer.
CREATE TABLE subject (
    key    BLOB NOT NULL PRIMARY KEY, -- SHA-256("mingzhang/subject/v1\n" || subject)
    count  INTEGER NOT NULL,          -- number of entries of the subject
    newest INTEGER NOT NULL,          -- index of its newest entry
    head   BLOB NOT NULL,             -- leaf hash of its newest entry
    tally  BLOB NOT NULL,             -- notices per stage: u16be(k) || k * (u8(len) || stage || u64be(n)), stages in byte order
    CHECK (length(key) = 32 AND count > 0 AND newest >= 0 AND length(head) = 32 AND length(tally) >= 2)
) STRICT, WITHOUT ROWID;

-- The subjects' names in the order in which they appeared: counts and suggestions read it, proofs do not.
CREATE TABLE subject_name (
    first INTEGER PRIMARY KEY, -- index of the subject's first entry
    name  TEXT NOT NULL        -- the subject, e.g. project/X
) STRICT;

-- The upper nodes of the subject map, so that a reader proves a key from two rows and one bucket of `subject`.
CREATE TABLE map_tile (
    prefix INTEGER PRIMARY KEY, -- -1: the nodes at depth 8, always current; 0 to 255: the nodes at depth 16 whose keys begin with this byte, as old as `subject`
    nodes  BLOB NOT NULL,       -- each node that is not empty: its place among the 256 in 1 byte || 1 if a single subject is below it, else 2, in 1 byte || node hash in 32
    CHECK (prefix BETWEEN -1 AND 255 AND length(nodes) BETWEEN 34 AND 8704 AND length(nodes) % 34 = 0)
) STRICT;

-- What the batches since then changed in `subject` and at depth 16; a later row overrides an earlier one. The batch that brings
-- those tables up to date deletes these rows.
CREATE TABLE map_change (
    size     INTEGER PRIMARY KEY, -- the checkpoint of the batch
    subjects BLOB NOT NULL,       -- each: key in 32 bytes || u64be(count) || u64be(newest) || head in 32 || tally as in `subject`
    nodes    BLOB NOT NULL,       -- each: first 16 bits of the keys below || 1 or 2 as in `map_tile` || node hash in 32
    CHECK (size > 0 AND length(nodes) % 35 = 0)
) STRICT;

-- The entries, after the genesis, by which later ones are judged: authority statements, reveals and erasures.
CREATE TABLE precedent (
    idx INTEGER PRIMARY KEY -- index of the entry
) STRICT;

-- What is shown beside a statement without being part of its entry. An erasure deletes from here and from nowhere else.
CREATE TABLE disclosure (
    id         INTEGER PRIMARY KEY, -- index of the entry * 256 + place of its digest in the statement
    disclosure TEXT NOT NULL,       -- the SD-JWT disclosure, base64url as it arrived
    CHECK (id >= 0)
) STRICT;

CREATE TRIGGER disclosure_is_never_updated BEFORE UPDATE ON disclosure
BEGIN SELECT RAISE(ABORT, 'a disclosure is never updated, only deleted'); END;

-- One row per batch.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,  -- number of entries; the last of them is a seal
    prev BLOB NOT NULL UNIQUE, -- leaf hash of the last entry before the batch (zeros for the first): no head is continued twice
    note TEXT NOT NULL,        -- the checkpoint as a signed note (C2SP tlog-checkpoint), by the log's key alone
    CHECK (size > 0 AND length(prev) = 32)
) STRICT;

CREATE TRIGGER checkpoint_is_never_updated BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never updated'); END;
CREATE TRIGGER checkpoint_is_never_deleted BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END;

-- What witnesses have added to a checkpoint (C2SP tlog-cosignature).
CREATE TABLE cosignature (
    size INTEGER NOT NULL REFERENCES checkpoint (size), -- the checkpoint
    line TEXT NOT NULL,                                 -- one signature line, without its newline
    PRIMARY KEY (size, line)
) STRICT, WITHOUT ROWID;
