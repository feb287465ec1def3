"""first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "machine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("cpu_name", sa.String(), nullable=False),
        sa.Column("physical_core_count", sa.Integer(), nullable=False),
        sa.Column("logical_core_count", sa.Integer(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("operating_system", sa.String(), nullable=False),
        sa.Column("python_version", sa.String(), nullable=False),
        sa.Column("torch_version", sa.String(), nullable=False),
        sa.Column("thread_count", sa.Integer(), nullable=False),
        sa.Column("gpu_names", sa.JSON(), nullable=False),
        sa.Column("gpu_memory_bytes", sa.BigInteger(), nullable=True),
        sa.Column("gpu_power_cap_w", sa.Double(), nullable=True),
        sa.Column("gpu_driver_version", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_machine_fingerprint")),
    )
    op.create_table(
        "scenario",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("method_version", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenario")),
        sa.UniqueConstraint("name", "saved_at", name=op.f("uq_scenario_name_saved_at")),
    )
    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("workload", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("method_version", sa.String(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_s", sa.Double(), nullable=False),
        sa.Column("time_low_s", sa.Double(), nullable=False),
        sa.Column("time_high_s", sa.Double(), nullable=False),
        sa.Column("repeat_times_s", sa.JSON(), nullable=False),
        sa.Column("cpu_time_s", sa.Double(), nullable=False),
        sa.Column("flop", sa.Double(), nullable=True),
        sa.Column("moved_bytes", sa.Double(), nullable=True),
        sa.Column("peak_memory_bytes", sa.Double(), nullable=True),
        sa.Column("energy_j", sa.Double(), nullable=True),
        sa.Column("energy_kind", sa.String(), nullable=True),
        sa.Column("energy_meter", sa.String(), nullable=True),
        sa.Column("load_average", sa.Double(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("repetition_number", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "energy_kind IN ('measured', 'estimated')",
            name=op.f("ck_measurement_energy_kind_known"),
        ),
        sa.CheckConstraint(
            "(energy_j IS NULL) = (energy_kind IS NULL)",
            name=op.f("ck_measurement_energy_kind_iff_energy_known"),
        ),
        sa.CheckConstraint("cpu_time_s >= 0", name=op.f("ck_measurement_cpu_time_not_negative")),
        sa.CheckConstraint(
            "energy_j IS NULL OR energy_j > 0",
            name=op.f("ck_measurement_energy_positive_or_unknown"),
        ),
        sa.CheckConstraint(
            "time_s > 0 AND time_low_s > 0 AND time_high_s > 0",
            name=op.f("ck_measurement_time_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machine.id"], name=op.f("fk_measurement_machine_id_machine")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
        sa.UniqueConstraint("key", name=op.f("uq_measurement_key")),
    )
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_measurement_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_measurement_taken_at"), ["taken_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_measurement_workload"), ["workload"], unique=False)

    op.create_table(
        "epoch",
        sa.Column("measurement_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("train_loss_nats", sa.Double(), nullable=False),
        sa.Column("train_accuracy_share", sa.Double(), nullable=False),
        sa.Column("held_out_loss_nats", sa.Double(), nullable=False),
        sa.Column("held_out_accuracy_share", sa.Double(), nullable=False),
        sa.Column("time_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["measurement_id"], ["measurement.id"], name=op.f("fk_epoch_measurement_id_measurement")
        ),
        sa.PrimaryKeyConstraint("measurement_id", "number", name=op.f("pk_epoch")),
    )


def downgrade() -> None:
    op.drop_table("epoch")
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_measurement_workload"))
        batch_op.drop_index(batch_op.f("ix_measurement_taken_at"))
        batch_op.drop_index(batch_op.f("ix_measurement_machine_id"))

    op.drop_table("measurement")
    op.drop_table("scenario")
    op.drop_table("machine")
