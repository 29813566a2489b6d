"""Organisation units, roles, RACI, boards, artifacts, practices."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261122_governance"
down_revision: str | Sequence[str] | None = "20261122_agreements"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ORGANISATION = """
CREATE TABLE catalog.organisation_unit (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    parent_key TEXT,
    manager TEXT,
    ended_on DATE,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_organisation_unit PRIMARY KEY (key),
    CONSTRAINT ck_organisation_unit_kind CHECK (kind IN (
        'company', 'business_area', 'department', 'team', 'external'
    )),
    CONSTRAINT fk_organisation_unit_parent_key FOREIGN KEY(parent_key)
        REFERENCES catalog.organisation_unit (key)
);
CREATE INDEX ix_organisation_unit_parent_key_key ON catalog.organisation_unit (parent_key, key);
CREATE TABLE catalog.unit_member (
    id UUID NOT NULL,
    unit_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_unit_member PRIMARY KEY (id),
    CONSTRAINT ck_unit_member_period CHECK (valid_to IS NULL OR valid_to >= valid_from),
    CONSTRAINT fk_unit_member_unit_key FOREIGN KEY(unit_key)
        REFERENCES catalog.organisation_unit (key)
);
CREATE INDEX ix_unit_member_subject_unit_key ON catalog.unit_member (subject, unit_key);
CREATE INDEX ix_unit_member_unit_key_valid_from_id ON catalog.unit_member
    (unit_key, valid_from, id);
CREATE TABLE catalog.role (
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    responsibilities TEXT NOT NULL,
    required_stages TEXT[] NOT NULL,
    required_processes TEXT[] NOT NULL,
    retired BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_role PRIMARY KEY (role)
)
"""

RACI = """
CREATE TABLE catalog.raci_chart (
    service_key TEXT NOT NULL,
    process VARCHAR(40) NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_raci_chart PRIMARY KEY (service_key, process),
    CONSTRAINT fk_raci_chart_service_key FOREIGN KEY(service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_raci_chart_process CHECK (process IN (
        'service_strategy_definition', 'service_roadmap_definition',
        'service_development_management', 'service_lifecycle_management',
        'service_financial_management', 'service_catalog_management',
        'service_performance_management', 'vendor_product_management',
        'continuous_service_improvement', 'service_continuity_management'
    ))
);
CREATE TABLE catalog.raci_assignment (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    process VARCHAR(40) NOT NULL,
    responsibility VARCHAR(40) NOT NULL,
    subject TEXT,
    unit_key TEXT,
    role TEXT,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_to TIMESTAMPTZ,
    CONSTRAINT pk_raci_assignment PRIMARY KEY (id),
    CONSTRAINT fk_raci_assignment_service_key_process FOREIGN KEY(service_key, process)
        REFERENCES catalog.raci_chart (service_key, process),
    CONSTRAINT ck_raci_assignment_one_assignee CHECK (num_nonnulls(subject, unit_key, role) = 1),
    CONSTRAINT ck_raci_assignment_process CHECK (process IN (
        'service_strategy_definition', 'service_roadmap_definition',
        'service_development_management', 'service_lifecycle_management',
        'service_financial_management', 'service_catalog_management',
        'service_performance_management', 'vendor_product_management',
        'continuous_service_improvement', 'service_continuity_management'
    )),
    CONSTRAINT ck_raci_assignment_responsibility CHECK (responsibility IN (
        'responsible', 'accountable', 'consulted', 'informed'
    )),
    CONSTRAINT fk_raci_assignment_unit_key FOREIGN KEY(unit_key)
        REFERENCES catalog.organisation_unit (key),
    CONSTRAINT fk_raci_assignment_role FOREIGN KEY(role) REFERENCES catalog.role (role)
);
CREATE INDEX ix_raci_assignment_role_present ON catalog.raci_assignment
    (role, id) WHERE valid_to IS NULL;
CREATE INDEX ix_raci_assignment_service_key_process_valid_from_id ON catalog.raci_assignment
    (service_key, process, valid_from, id);
CREATE INDEX ix_raci_assignment_subject_present ON catalog.raci_assignment
    (subject, id) WHERE valid_to IS NULL;
CREATE INDEX ix_raci_assignment_unit_present ON catalog.raci_assignment
    (unit_key, id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX uq_raci_assignment_one_accountable ON catalog.raci_assignment
    (service_key, process) WHERE valid_to IS NULL AND responsibility = 'accountable'
"""

BOARDS = """
CREATE TABLE catalog.board (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    cadence_days INTEGER NOT NULL,
    quorum_minimum INTEGER NOT NULL,
    quorum_share NUMERIC(4, 3),
    ended_on DATE,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_board PRIMARY KEY (key),
    CONSTRAINT ck_board_quorum_minimum CHECK (quorum_minimum >= 1),
    CONSTRAINT ck_board_quorum_share CHECK (quorum_share > 0 AND quorum_share <= 1)
);
CREATE TABLE catalog.board_member (
    id UUID NOT NULL,
    board_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    role VARCHAR(40) NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_to TIMESTAMPTZ,
    CONSTRAINT pk_board_member PRIMARY KEY (id),
    CONSTRAINT fk_board_member_board_key FOREIGN KEY(board_key) REFERENCES catalog.board (key),
    CONSTRAINT ck_board_member_role CHECK (role IN ('chair', 'member', 'secretary', 'advisor'))
);
CREATE INDEX ix_board_member_board_key_valid_from_id ON catalog.board_member
    (board_key, valid_from, id);
CREATE INDEX ix_board_member_subject_present ON catalog.board_member
    (subject, board_key) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX uq_board_member_one_chair ON catalog.board_member
    (board_key) WHERE valid_to IS NULL AND role = 'chair';
CREATE UNIQUE INDEX uq_board_member_present ON catalog.board_member
    (board_key, subject) WHERE valid_to IS NULL;
CREATE TABLE catalog.board_gate (
    id UUID NOT NULL,
    board_key TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    portfolio_key TEXT,
    CONSTRAINT pk_board_gate PRIMARY KEY (id),
    CONSTRAINT uq_board_gate_gate_portfolio_key UNIQUE NULLS NOT DISTINCT (gate, portfolio_key),
    CONSTRAINT fk_board_gate_board_key FOREIGN KEY(board_key) REFERENCES catalog.board (key),
    CONSTRAINT ck_board_gate_gate CHECK (gate IN (
        'strategy-to-design', 'design-to-transition', 'transition-to-operate',
        'operate-to-improve', 'improve-to-operate', 'to-retirement'
    )),
    CONSTRAINT fk_board_gate_portfolio_key FOREIGN KEY(portfolio_key)
        REFERENCES catalog.portfolio (key)
);
CREATE INDEX ix_board_gate_board_key ON catalog.board_gate (board_key);
CREATE INDEX ix_board_gate_portfolio_key ON catalog.board_gate (portfolio_key);
CREATE TABLE catalog.board_meeting (
    id UUID NOT NULL,
    board_key TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    scheduled_for TIMESTAMPTZ NOT NULL,
    agenda TEXT NOT NULL,
    held_at TIMESTAMPTZ,
    attendees JSONB NOT NULL,
    quorum_needed INTEGER,
    minutes TEXT,
    minutes_uri TEXT,
    minuted_by TEXT,
    cancelled_because TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_board_meeting PRIMARY KEY (id),
    CONSTRAINT fk_board_meeting_board_key FOREIGN KEY(board_key) REFERENCES catalog.board (key),
    CONSTRAINT ck_board_meeting_state CHECK (state IN (
        'scheduled', 'held', 'minuted', 'cancelled'
    ))
);
CREATE INDEX ix_board_meeting_board_key_scheduled_for_id ON catalog.board_meeting
    (board_key, scheduled_for, id);
CREATE TABLE catalog.board_decision (
    id UUID NOT NULL,
    board_key TEXT NOT NULL,
    meeting_id UUID NOT NULL,
    motion TEXT NOT NULL,
    reason TEXT NOT NULL,
    service_key TEXT,
    gate VARCHAR(40),
    outcome VARCHAR(40) NOT NULL,
    settled_by VARCHAR(40) NOT NULL,
    votes JSONB NOT NULL,
    votes_for INTEGER NOT NULL,
    votes_against INTEGER NOT NULL,
    abstained INTEGER NOT NULL,
    quorum_needed INTEGER NOT NULL,
    voters_present INTEGER NOT NULL,
    evidence_uri TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_board_decision PRIMARY KEY (id),
    CONSTRAINT fk_board_decision_board_key FOREIGN KEY(board_key) REFERENCES catalog.board (key),
    CONSTRAINT fk_board_decision_meeting_id FOREIGN KEY(meeting_id)
        REFERENCES catalog.board_meeting (id),
    CONSTRAINT fk_board_decision_service_key FOREIGN KEY(service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_board_decision_gate CHECK (gate IN (
        'strategy-to-design', 'design-to-transition', 'transition-to-operate',
        'operate-to-improve', 'improve-to-operate', 'to-retirement'
    )),
    CONSTRAINT ck_board_decision_outcome CHECK (outcome IN ('adopted', 'rejected')),
    CONSTRAINT ck_board_decision_settled_by CHECK (settled_by IN ('majority', 'chair', 'tie'))
);
CREATE INDEX ix_board_decision_board_key_recorded_at_id ON catalog.board_decision
    (board_key, recorded_at, id);
CREATE INDEX ix_board_decision_meeting_id_recorded_at_id ON catalog.board_decision
    (meeting_id, recorded_at, id);
CREATE INDEX ix_board_decision_service_key_recorded_at_id ON catalog.board_decision
    (service_key, recorded_at, id)
"""

ARTIFACTS = """
CREATE TABLE catalog.artifact (
    key VARCHAR(40) NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    meaning TEXT NOT NULL,
    owner TEXT,
    review_on DATE,
    review_cadence_days INTEGER,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_artifact PRIMARY KEY (key),
    CONSTRAINT ck_artifact_key CHECK (key IN (
        'service-governance-framework', 'service-planning-process', 'voice-of-the-customer',
        'service-fulfilment-plan', 'service-plan', 'service-portfolio', 'service-catalog',
        'service-priority-scheme', 'service-portal', 'service-quality-lifecycle'
    )),
    CONSTRAINT uq_artifact_position UNIQUE (position)
);
CREATE TABLE catalog.artifact_resource (
    id UUID NOT NULL,
    artifact_key VARCHAR(40) NOT NULL,
    kind VARCHAR(40) NOT NULL,
    reference TEXT NOT NULL,
    title TEXT NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    added_by TEXT NOT NULL,
    CONSTRAINT pk_artifact_resource PRIMARY KEY (id),
    CONSTRAINT ck_artifact_resource_artifact_key CHECK (artifact_key IN (
        'service-governance-framework', 'service-planning-process', 'voice-of-the-customer',
        'service-fulfilment-plan', 'service-plan', 'service-portfolio', 'service-catalog',
        'service-priority-scheme', 'service-portal', 'service-quality-lifecycle'
    )),
    CONSTRAINT fk_artifact_resource_artifact_key FOREIGN KEY(artifact_key)
        REFERENCES catalog.artifact (key),
    CONSTRAINT ck_artifact_resource_kind CHECK (kind IN (
        'document', 'portal', 'board', 'portfolio', 'service', 'customer', 'touchpoint',
        'offering', 'priority_scheme', 'practice'
    ))
);
CREATE INDEX ix_artifact_resource_artifact_key_added_at_id ON catalog.artifact_resource
    (artifact_key, added_at, id);
CREATE UNIQUE INDEX uq_artifact_resource_reference ON catalog.artifact_resource
    (artifact_key, kind, reference);
CREATE TABLE catalog.artifact_assessment (
    artifact_key VARCHAR(40) NOT NULL,
    completeness NUMERIC(5, 4) NOT NULL,
    missing TEXT[] NOT NULL,
    assessed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_artifact_assessment PRIMARY KEY (artifact_key),
    CONSTRAINT ck_artifact_assessment_artifact_key CHECK (artifact_key IN (
        'service-governance-framework', 'service-planning-process', 'voice-of-the-customer',
        'service-fulfilment-plan', 'service-plan', 'service-portfolio', 'service-catalog',
        'service-priority-scheme', 'service-portal', 'service-quality-lifecycle'
    )),
    CONSTRAINT fk_artifact_assessment_artifact_key FOREIGN KEY(artifact_key)
        REFERENCES catalog.artifact (key)
)
"""

PRACTICES = """
CREATE TABLE catalog.practice (
    key TEXT NOT NULL,
    title TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    process VARCHAR(40) NOT NULL,
    context TEXT NOT NULL,
    statement TEXT NOT NULL,
    consequence TEXT NOT NULL,
    evidence_uri TEXT,
    tags TEXT[] NOT NULL,
    retired_on DATE,
    search TSVECTOR NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple'::regconfig, key || ' ' || title), 'A')
        || setweight(to_tsvector('simple'::regconfig,
            context || ' ' || statement || ' ' || consequence), 'B')
    ) STORED,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_practice PRIMARY KEY (key),
    CONSTRAINT ck_practice_kind CHECK (kind IN ('better', 'worst')),
    CONSTRAINT ck_practice_process CHECK (process IN (
        'service_strategy_definition', 'service_roadmap_definition',
        'service_development_management', 'service_lifecycle_management',
        'service_financial_management', 'service_catalog_management',
        'service_performance_management', 'vendor_product_management',
        'continuous_service_improvement', 'service_continuity_management'
    ))
);
CREATE INDEX ix_practice_process_key ON catalog.practice (process, key);
CREATE INDEX ix_practice_search ON catalog.practice USING gin (search);
CREATE INDEX ix_practice_tags ON catalog.practice USING gin (tags);
CREATE TABLE catalog.practice_opportunity (
    practice_key TEXT NOT NULL,
    opportunity TEXT NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    linked_by TEXT NOT NULL,
    CONSTRAINT pk_practice_opportunity PRIMARY KEY (practice_key, opportunity),
    CONSTRAINT fk_practice_opportunity_practice_key FOREIGN KEY(practice_key)
        REFERENCES catalog.practice (key)
);
CREATE INDEX ix_practice_opportunity_opportunity_practice_key ON catalog.practice_opportunity
    (opportunity, practice_key);
CREATE TABLE catalog.practice_adoption (
    practice_key TEXT NOT NULL,
    service_key TEXT NOT NULL,
    adoption VARCHAR(40) NOT NULL,
    reason TEXT,
    due_on DATE,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_practice_adoption PRIMARY KEY (practice_key, service_key),
    CONSTRAINT fk_practice_adoption_practice_key FOREIGN KEY(practice_key)
        REFERENCES catalog.practice (key),
    CONSTRAINT fk_practice_adoption_service_key FOREIGN KEY(service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_practice_adoption_adoption CHECK (adoption IN (
        'adopted', 'planned', 'not_applicable'
    ))
);
CREATE INDEX ix_practice_adoption_service_key_practice_key ON catalog.practice_adoption
    (service_key, practice_key)
"""

ROLES = """
INSERT INTO catalog.role
    (role, name, responsibilities, required_stages, required_processes,
     retired, revision, created_at, updated_at)
VALUES
('service_owner', 'Service owner',
  'Answers for the service over its whole life: its value, cost, quality and risks.',
  ARRAY['transition', 'operate', 'improve']::text[],
  ARRAY['service_lifecycle_management']::text[],
  false, 1, now(), now()),
('portfolio_manager', 'Portfolio manager',
  'Balances the portfolio: which services are started, kept, changed and retired.',
  '{}',
  ARRAY['service_strategy_definition']::text[],
  false, 1, now(), now()),
('service_manager', 'Service manager',
  'Runs the service day by day and carries out its roadmap.',
  ARRAY['operate', 'improve']::text[],
  ARRAY['service_roadmap_definition', 'service_development_management']::text[],
  false, 1, now(), now()),
('service_level_manager', 'Service level manager',
  'Negotiates agreements, watches their targets and reports on them.',
  ARRAY['operate', 'improve']::text[],
  ARRAY['service_performance_management']::text[],
  false, 1, now(), now()),
('relationship_owner', 'Relationship owner',
  'Keeps the relationship with the customers: their needs, feedback and reviews.',
  '{}',
  ARRAY['service_strategy_definition']::text[],
  false, 1, now(), now()),
('continuity_manager', 'Continuity manager',
  'Plans and tests how the service survives a disaster.',
  '{}',
  ARRAY['service_continuity_management']::text[],
  false, 1, now(), now()),
('financial_manager', 'Financial manager',
  'Keeps cost, charges and budgets of the service.',
  '{}',
  ARRAY['service_financial_management']::text[],
  false, 1, now(), now()),
('change_manager', 'Change manager',
  'Judges the risk of changes and when they may be made.',
  ARRAY['transition']::text[],
  ARRAY['service_development_management']::text[],
  false, 1, now(), now()),
('catalog_manager', 'Catalog manager',
  'Keeps the catalog true: what is offered, to whom, at what price.',
  '{}',
  ARRAY['service_catalog_management']::text[],
  false, 1, now(), now()),
('vendor_manager', 'Vendor manager',
  'Selects and steers vendors and their products.',
  '{}',
  ARRAY['vendor_product_management']::text[],
  false, 1, now(), now()),
('improvement_manager', 'Improvement manager',
  'Leads opportunities, improvement plans and service reviews.',
  ARRAY['improve']::text[],
  ARRAY['continuous_service_improvement']::text[],
  false, 1, now(), now()),
('risk_owner', 'Risk owner',
  'Decides on the treatment of a risk and accepts what remains of it.',
  '{}',
  '{}',
  false, 1, now(), now()),
('approver', 'Approver',
  'Approves plans and documents that others wrote.',
  '{}',
  '{}',
  false, 1, now(), now())
"""

REGISTER = """
INSERT INTO catalog.artifact
    (key, position, name, meaning, revision, created_at, updated_at)
VALUES
('service-governance-framework', 1, 'Service governance framework',
  'Who decides what about services: boards, the gates they decide, RACI.',
  1, now(), now()),
('service-planning-process', 2, 'Service planning process',
  'How strategies and roadmaps come about, and who takes part.',
  1, now(), now()),
('voice-of-the-customer', 3, 'Voice of the customer',
  'How the needs of customers are heard and become requirements.',
  1, now(), now()),
('service-fulfilment-plan', 4, 'Service fulfilment plan',
  'How what is offered is delivered, step by step.',
  1, now(), now()),
('service-plan', 5, 'Service plan',
  'Why each service is there and where it goes: strategy and roadmap.',
  1, now(), now()),
('service-portfolio', 6, 'Service portfolio',
  'All services, grouped, managed and invested in under a strategy.',
  1, now(), now()),
('service-catalog', 7, 'Service catalog',
  'What customers can ask for, each offering with the schema of its request form.',
  1, now(), now()),
('service-priority-scheme', 8, 'Service priority scheme',
  'Which incident and request comes first, and how soon.',
  1, now(), now()),
('service-portal', 9, 'Service portal',
  'Where customers find and ask for services.',
  1, now(), now()),
('service-quality-lifecycle', 10, 'Service quality lifecycle',
  'How quality is agreed, measured, reviewed and improved.',
  1, now(), now())
"""

DOWN = """
DROP TABLE catalog.practice_adoption, catalog.practice_opportunity, catalog.practice;
DROP TABLE catalog.artifact_assessment, catalog.artifact_resource, catalog.artifact;
DROP TABLE catalog.board_decision, catalog.board_meeting, catalog.board_gate;
DROP TABLE catalog.board_member, catalog.board;
DROP TABLE catalog.raci_assignment, catalog.raci_chart;
DROP TABLE catalog.role, catalog.unit_member, catalog.organisation_unit
"""


def upgrade() -> None:
    for script in (ORGANISATION, RACI, BOARDS, ARTIFACTS, PRACTICES, ROLES, REGISTER):
        run_script(script)


def downgrade() -> None:
    run_script(DOWN)
