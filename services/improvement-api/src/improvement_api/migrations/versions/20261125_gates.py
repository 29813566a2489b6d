"""Waivers, delegations, withdrawn signatures, votes of boards and what they reject."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_gates"
down_revision: str | Sequence[str] | None = "20261125_root_causes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GATES = """
            'strategy-to-design', 'design-to-transition', 'transition-to-operate',
            'operate-to-improve', 'improve-to-operate', 'to-retirement'
        """

UP = f"""
ALTER TABLE improvement.gate_version ALTER COLUMN decided_by DROP NOT NULL;
ALTER TABLE improvement.gate_version ADD COLUMN board TEXT;
ALTER TABLE improvement.gate_version ADD COLUMN waived_by TEXT;
ALTER TABLE improvement.gate_version ADD CONSTRAINT ck_gate_version_decider
    CHECK (decided_by IS NOT NULL OR board IS NOT NULL);
CREATE INDEX ix_evaluation_gate_evaluated_at_id
    ON improvement.evaluation (gate, evaluated_at, id);
CREATE TABLE improvement.delegation (
    id UUID NOT NULL,
    role TEXT NOT NULL,
    delegator TEXT NOT NULL,
    delegate TEXT NOT NULL,
    service TEXT,
    gate VARCHAR(40),
    valid_from TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    revoked_by TEXT,
    CONSTRAINT pk_delegation PRIMARY KEY (id),
    CONSTRAINT ck_delegation_two_persons CHECK (delegator <> delegate),
    CONSTRAINT ck_delegation_period CHECK (valid_from < valid_until),
    CONSTRAINT ck_delegation_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CONSTRAINT ck_delegation_gate CHECK (gate IN ({GATES}))
);
CREATE INDEX ix_delegation_created_at_id ON improvement.delegation (created_at, id);
CREATE INDEX ix_delegation_delegate_created_at_id
    ON improvement.delegation (delegate, created_at, id);
CREATE INDEX ix_delegation_delegator_created_at_id
    ON improvement.delegation (delegator, created_at, id);
ALTER TABLE improvement.signature
    DROP CONSTRAINT uq_signature_evaluation_id_signed_by;
ALTER TABLE improvement.signature ADD COLUMN delegation_id UUID;
ALTER TABLE improvement.signature ADD COLUMN delegated_by TEXT;
ALTER TABLE improvement.signature ADD COLUMN expires_at TIMESTAMPTZ;
ALTER TABLE improvement.signature ADD CONSTRAINT fk_signature_delegation_id
    FOREIGN KEY (delegation_id) REFERENCES improvement.delegation (id);
ALTER TABLE improvement.signature ADD CONSTRAINT ck_signature_delegated
    CHECK ((delegation_id IS NULL) = (delegated_by IS NULL));
ALTER TABLE improvement.signature ADD CONSTRAINT ck_signature_two_persons
    CHECK (delegated_by <> signed_by);
CREATE INDEX ix_signature_evaluation_id ON improvement.signature (evaluation_id);
CREATE TABLE improvement.signature_withdrawal (
    signature_id UUID NOT NULL,
    reason TEXT NOT NULL,
    withdrawn_at TIMESTAMPTZ NOT NULL,
    withdrawn_by TEXT NOT NULL,
    CONSTRAINT pk_signature_withdrawal PRIMARY KEY (signature_id),
    CONSTRAINT fk_signature_withdrawal_signature_id
        FOREIGN KEY (signature_id) REFERENCES improvement.signature (id)
);
CREATE TABLE improvement.waiver (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    criterion TEXT NOT NULL,
    demand TEXT NOT NULL,
    reason TEXT NOT NULL,
    risk_owner TEXT NOT NULL,
    compensating_control TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    state VARCHAR(40) NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    requested_by TEXT NOT NULL,
    on_behalf_of TEXT,
    decided_at TIMESTAMPTZ,
    decided_by TEXT,
    ended_at TIMESTAMPTZ,
    ended_by TEXT,
    comment TEXT NOT NULL,
    revision INTEGER NOT NULL,
    CONSTRAINT pk_waiver PRIMARY KEY (id),
    CONSTRAINT ck_waiver_period CHECK (requested_at < expires_at),
    CONSTRAINT ck_waiver_decided CHECK ((state = 'requested') = (decided_by IS NULL)),
    CONSTRAINT ck_waiver_two_persons CHECK (decided_by <> requested_by),
    CONSTRAINT ck_waiver_gate CHECK (gate IN ({GATES})),
    CONSTRAINT ck_waiver_state
        CHECK (state IN ('requested', 'approved', 'rejected', 'expired', 'revoked'))
);
CREATE INDEX ix_waiver_requested_at_id ON improvement.waiver (requested_at, id);
CREATE INDEX ix_waiver_service_requested_at_id ON improvement.waiver (service, requested_at, id);
CREATE INDEX ix_waiver_approved ON improvement.waiver (service, gate, expires_at)
    WHERE state = 'approved';
CREATE TABLE improvement.vote (
    id UUID NOT NULL,
    evaluation_id UUID NOT NULL,
    board TEXT NOT NULL,
    voter TEXT NOT NULL,
    choice VARCHAR(40) NOT NULL,
    comment TEXT NOT NULL,
    voted_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_vote PRIMARY KEY (id),
    CONSTRAINT uq_vote_evaluation_id_voter UNIQUE (evaluation_id, voter),
    CONSTRAINT fk_vote_evaluation_id
        FOREIGN KEY (evaluation_id) REFERENCES improvement.evaluation (id),
    CONSTRAINT ck_vote_choice CHECK (choice IN ('approve', 'reject', 'abstain'))
);
ALTER TABLE improvement.decision ADD COLUMN board TEXT;
ALTER TABLE improvement.decision ADD COLUMN votes JSON;
CREATE TABLE improvement.board_rejection (
    id UUID NOT NULL,
    evaluation_id UUID NOT NULL,
    board TEXT NOT NULL,
    votes JSON NOT NULL,
    frozen JSON NOT NULL,
    rejected_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_board_rejection PRIMARY KEY (id),
    CONSTRAINT uq_board_rejection_evaluation_id UNIQUE (evaluation_id),
    CONSTRAINT fk_board_rejection_evaluation_id
        FOREIGN KEY (evaluation_id) REFERENCES improvement.evaluation (id)
);
ALTER TABLE improvement.decision_log ALTER COLUMN decision_id DROP NOT NULL;
ALTER TABLE improvement.decision_log ADD COLUMN rejection_id UUID;
ALTER TABLE improvement.decision_log ADD CONSTRAINT uq_decision_log_rejection_id
    UNIQUE (rejection_id);
ALTER TABLE improvement.decision_log ADD CONSTRAINT fk_decision_log_rejection_id
    FOREIGN KEY (rejection_id) REFERENCES improvement.board_rejection (id);
ALTER TABLE improvement.decision_log ADD CONSTRAINT ck_decision_log_subject
    CHECK (num_nonnulls(decision_id, rejection_id) = 1);
"""

# It fails, on NOT NULL or on the unique signature, where the old release could not read what is
# there: better no way back than a shortened log.
DOWN = """
ALTER TABLE improvement.decision_log DROP COLUMN rejection_id;
ALTER TABLE improvement.decision_log ALTER COLUMN decision_id SET NOT NULL;
DROP TABLE improvement.board_rejection;
ALTER TABLE improvement.decision DROP COLUMN board;
ALTER TABLE improvement.decision DROP COLUMN votes;
DROP TABLE improvement.vote;
DROP TABLE improvement.waiver;
DROP TABLE improvement.signature_withdrawal;
DROP INDEX improvement.ix_signature_evaluation_id;
ALTER TABLE improvement.signature DROP COLUMN delegation_id;
ALTER TABLE improvement.signature DROP COLUMN delegated_by;
ALTER TABLE improvement.signature DROP COLUMN expires_at;
ALTER TABLE improvement.signature ADD CONSTRAINT uq_signature_evaluation_id_signed_by
    UNIQUE (evaluation_id, signed_by);
DROP TABLE improvement.delegation;
DROP INDEX improvement.ix_evaluation_gate_evaluated_at_id;
ALTER TABLE improvement.gate_version DROP COLUMN board;
ALTER TABLE improvement.gate_version DROP COLUMN waived_by;
ALTER TABLE improvement.gate_version ALTER COLUMN decided_by SET NOT NULL;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
