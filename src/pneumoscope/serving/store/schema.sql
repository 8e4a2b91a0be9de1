-- Times are seconds since 1970, UTC. Names of files and of people stand here and nowhere else.
CREATE TABLE films (
    id TEXT PRIMARY KEY,               -- random; the only thing of a film that stands in an address
    sop_uid TEXT NOT NULL,             -- SOP instance UID; '' where it is no DICOM
    sha256 TEXT NOT NULL,              -- of the content
    spool TEXT,                        -- name in the spool; NULL when the pixels are no longer kept
    size INTEGER NOT NULL,
    name TEXT NOT NULL,                -- of the file that was uploaded; '' where there was none
    origin TEXT NOT NULL,              -- dicom, rest, stow, page, folder
    caller TEXT NOT NULL,              -- AE title, account or token; '' where nobody is known
    batch TEXT NOT NULL DEFAULT '',    -- films that came together
    received REAL NOT NULL,
    resent INTEGER NOT NULL DEFAULT 0, -- how often the same content came again
    conflict INTEGER NOT NULL DEFAULT 0, -- another content with the same SOP instance UID came before
    state TEXT NOT NULL,               -- waiting, working, done, failed
    attempts INTEGER NOT NULL DEFAULT 0,
    leased_until REAL NOT NULL DEFAULT 0,
    result TEXT,                       -- id of its newest result
    UNIQUE (sop_uid, sha256)
);
CREATE INDEX films_by_state ON films (state, received);
CREATE INDEX films_by_time ON films (received);
CREATE INDEX films_by_batch ON films (batch);

CREATE TABLE results (
    id TEXT PRIMARY KEY,
    film TEXT NOT NULL REFERENCES films (id) ON DELETE CASCADE,
    bundle_sha256 TEXT NOT NULL,
    site_sha256 TEXT NOT NULL,         -- '' without a site profile
    made REAL NOT NULL,
    status TEXT NOT NULL,
    finding TEXT,
    reason TEXT,
    probability REAL,
    device TEXT,
    record TEXT NOT NULL,              -- the published result, JSON
    extra TEXT NOT NULL,               -- what the page shows beside it, JSON
    UNIQUE (film, bundle_sha256, site_sha256)
);
CREATE INDEX results_by_time ON results (made);

CREATE TABLE targets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    sends TEXT NOT NULL,               -- JSON list of sr, sc, json
    config TEXT NOT NULL,              -- JSON
    enabled INTEGER NOT NULL DEFAULT 1,
    failures INTEGER NOT NULL DEFAULT 0, -- in a row
    paused_until REAL NOT NULL DEFAULT 0,
    said TEXT NOT NULL DEFAULT ''      -- what the last failure or test said
);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    result TEXT NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    target TEXT NOT NULL REFERENCES targets (id) ON DELETE CASCADE,
    state TEXT NOT NULL,               -- waiting, sending, sent, dead
    created REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    sent REAL,
    said TEXT NOT NULL DEFAULT '',
    UNIQUE (result, target)
);
CREATE INDEX outbox_by_state ON outbox (state, due);

CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    result TEXT NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    reader TEXT NOT NULL,
    made REAL NOT NULL,
    verdict TEXT NOT NULL,             -- agree, disagree, amend
    finding TEXT,                      -- what the reader sees: normal, pneumonia, other
    comment TEXT NOT NULL
);

CREATE TABLE callers (
    ae_title TEXT NOT NULL,
    host TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    what TEXT NOT NULL,
    last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (ae_title, host, accepted)
);

CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,                -- reader, physicist, administrator
    password TEXT NOT NULL             -- argon2
);

CREATE TABLE tokens (
    sha256 TEXT PRIMARY KEY,           -- of the token; it is shown once and not kept
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created REAL NOT NULL
);

CREATE TABLE sessions (
    sha256 TEXT PRIMARY KEY,           -- of the cookie
    account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    expires REAL NOT NULL
);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    made REAL NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL                 -- one sentence: who changed which setting
);
