"""Root cause analyses, feedback and themes."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_root_causes"
down_revision: str | Sequence[str] | None = "20261125_benefits"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.root_cause_analysis (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    title TEXT NOT NULL,
    method VARCHAR(40) NOT NULL,
    owner TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    causes JSONB NOT NULL,
    due_at TIMESTAMPTZ,
    reopened INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_root_cause_analysis PRIMARY KEY (id),
    CONSTRAINT ck_root_cause_analysis_method CHECK (method IN ('five_whys', 'cause_tree')),
    CONSTRAINT ck_root_cause_analysis_state
        CHECK (state IN ('open', 'cause_found', 'fix_implemented', 'verified', 'closed'))
);
CREATE INDEX ix_root_cause_analysis_created_at_id
    ON improvement.root_cause_analysis (created_at, id);
CREATE INDEX ix_root_cause_analysis_service_state
    ON improvement.root_cause_analysis (service, state);
CREATE TABLE improvement.analysed_incident (
    analysis_id UUID NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    linked_by TEXT NOT NULL,
    CONSTRAINT pk_analysed_incident PRIMARY KEY (analysis_id, source, external_id),
    CONSTRAINT fk_analysed_incident_analysis_id
        FOREIGN KEY(analysis_id) REFERENCES improvement.root_cause_analysis (id)
);
CREATE INDEX ix_analysed_incident_source_external_id
    ON improvement.analysed_incident (source, external_id);
CREATE TABLE improvement.fix (
    id UUID NOT NULL,
    analysis_id UUID NOT NULL,
    number INTEGER NOT NULL,
    what TEXT NOT NULL,
    change_reference TEXT,
    implemented_at TIMESTAMPTZ NOT NULL,
    fingerprint JSONB NOT NULL,
    verify_days INTEGER NOT NULL,
    verify_at TIMESTAMPTZ NOT NULL,
    watch_until TIMESTAMPTZ NOT NULL,
    outcome VARCHAR(40) NOT NULL,
    verified_at TIMESTAMPTZ,
    recurred_at TIMESTAMPTZ,
    next_check_at TIMESTAMPTZ,
    check_failure TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_fix PRIMARY KEY (id),
    CONSTRAINT ck_fix_verify_at CHECK (verify_at > implemented_at),
    CONSTRAINT fk_fix_analysis_id
        FOREIGN KEY(analysis_id) REFERENCES improvement.root_cause_analysis (id),
    CONSTRAINT ck_fix_outcome CHECK (outcome IN ('pending', 'held', 'recurred'))
);
CREATE UNIQUE INDEX ix_fix_analysis_id_number ON improvement.fix (analysis_id, number);
CREATE INDEX ix_fix_next_check_at
    ON improvement.fix (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX ix_fix_verify_at ON improvement.fix (verify_at);
CREATE TABLE improvement.fix_check (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    fix_id UUID NOT NULL,
    query JSONB NOT NULL,
    as_of TIMESTAMPTZ NOT NULL,
    count INTEGER NOT NULL,
    incidents JSONB NOT NULL,
    finding VARCHAR(40) NOT NULL,
    checked_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_fix_check PRIMARY KEY (id),
    CONSTRAINT fk_fix_check_fix_id FOREIGN KEY(fix_id) REFERENCES improvement.fix (id),
    CONSTRAINT ck_fix_check_finding CHECK (finding IN ('too_early', 'held', 'recurred'))
);
CREATE INDEX ix_fix_check_fix_id_id ON improvement.fix_check (fix_id, id);
CREATE TABLE improvement.major_incident (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    service TEXT,
    title TEXT,
    priority INTEGER,
    state TEXT,
    opened_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ,
    due_at TIMESTAMPTZ NOT NULL,
    major BOOLEAN NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_major_incident PRIMARY KEY (source, external_id)
)
 WITH (fillfactor = 80);
CREATE INDEX ix_major_incident_due_at_source_external_id
    ON improvement.major_incident (due_at, source, external_id) WHERE major;
CREATE INDEX ix_major_incident_resolved_at
    ON improvement.major_incident (resolved_at) WHERE major;
CREATE INDEX ix_major_incident_service ON improvement.major_incident (service) WHERE major;
CREATE TABLE improvement.major_reading (
    id INTEGER NOT NULL,
    read_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_major_reading PRIMARY KEY (id),
    CONSTRAINT ck_major_reading_one_row CHECK (id = 1)
);
CREATE TABLE improvement.feedback_entry (
    id UUID NOT NULL,
    kind VARCHAR(40) NOT NULL,
    source TEXT,
    external_id TEXT,
    service TEXT,
    customer TEXT,
    touchpoint TEXT,
    channel TEXT,
    text TEXT NOT NULL,
    words TEXT NOT NULL,
    said_by TEXT,
    said_at TIMESTAMPTZ NOT NULL,
    score_kind VARCHAR(40),
    score SMALLINT,
    sentiment VARCHAR(40),
    received_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_feedback_entry PRIMARY KEY (id),
    CONSTRAINT ck_feedback_entry_source CHECK ((kind = 'survey') = (source IS NOT NULL)),
    CONSTRAINT ck_feedback_entry_identity CHECK ((source IS NULL) = (external_id IS NULL)),
    CONSTRAINT ck_feedback_entry_kind CHECK (kind IN ('direct', 'survey')),
    CONSTRAINT ck_feedback_entry_score_kind CHECK (score_kind IN ('csat', 'nps')),
    CONSTRAINT ck_feedback_entry_sentiment
        CHECK (sentiment IN ('positive', 'neutral', 'negative'))
);
CREATE INDEX ix_feedback_entry_customer_said_at_id
    ON improvement.feedback_entry (customer, said_at, id);
CREATE INDEX ix_feedback_entry_said_at_id ON improvement.feedback_entry (said_at, id);
CREATE INDEX ix_feedback_entry_service_said_at_id
    ON improvement.feedback_entry (service, said_at, id);
CREATE UNIQUE INDEX ix_feedback_entry_source_external_id
    ON improvement.feedback_entry (source, external_id) WHERE source IS NOT NULL;
CREATE TABLE improvement.feedback_theme (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    title TEXT NOT NULL,
    owner TEXT NOT NULL,
    phrases TEXT[] NOT NULL,
    folded TEXT[] NOT NULL,
    threshold INTEGER NOT NULL,
    window_days INTEGER NOT NULL,
    plan_id UUID,
    requirement_service TEXT,
    requirement_id UUID,
    answer TEXT,
    answered_at TIMESTAMPTZ,
    answered_by TEXT,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_feedback_theme PRIMARY KEY (id),
    CONSTRAINT ck_feedback_theme_needs
        CHECK ((requirement_id IS NULL) = (requirement_service IS NULL)),
    CONSTRAINT ck_feedback_theme_answer CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CONSTRAINT fk_feedback_theme_plan_id FOREIGN KEY(plan_id) REFERENCES improvement.plan (id)
);
CREATE INDEX ix_feedback_theme_created_at_id ON improvement.feedback_theme (created_at, id);
CREATE INDEX ix_feedback_theme_service ON improvement.feedback_theme (service);
CREATE TABLE improvement.feedback_mention (
    theme_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    included BOOLEAN NOT NULL,
    by_hand BOOLEAN NOT NULL,
    reason TEXT,
    by TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_feedback_mention PRIMARY KEY (theme_id, entry_id),
    CONSTRAINT ck_feedback_mention_reason CHECK (by_hand = (reason IS NOT NULL)),
    CONSTRAINT ck_feedback_mention_left_out CHECK (included OR by_hand),
    CONSTRAINT fk_feedback_mention_theme_id
        FOREIGN KEY(theme_id) REFERENCES improvement.feedback_theme (id),
    CONSTRAINT fk_feedback_mention_entry_id
        FOREIGN KEY(entry_id) REFERENCES improvement.feedback_entry (id)
);
CREATE INDEX ix_feedback_mention_entry_id ON improvement.feedback_mention (entry_id);
CREATE TABLE improvement.comment_reading (
    id INTEGER NOT NULL,
    read_to TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_comment_reading PRIMARY KEY (id),
    CONSTRAINT ck_comment_reading_one_row CHECK (id = 1)
);
"""
DOWN = """
DROP TABLE improvement.comment_reading;
DROP TABLE improvement.feedback_mention;
DROP TABLE improvement.feedback_theme;
DROP TABLE improvement.feedback_entry;
DROP TABLE improvement.major_reading;
DROP TABLE improvement.major_incident;
DROP TABLE improvement.fix_check;
DROP TABLE improvement.fix;
DROP TABLE improvement.analysed_incident;
DROP TABLE improvement.root_cause_analysis;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
