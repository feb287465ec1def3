"""The tables. Change one, then `alembic revision --autogenerate`."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    MetaData,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, kept in UTC: SQLite forgets time zones, so they are settled on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """The instant in UTC."""
        if value is None:
            return None
        assert value.tzinfo is not None, "an instant needs its time zone"
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """The instant with its time zone again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can find it."""

    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[float]: JSON,
        float: Double,
        datetime: UtcDateTime,
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class MachineRow(Base):
    """One `Machine`: a computer in one state of its software."""

    __tablename__ = "machine"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(unique=True)
    cpu_name: Mapped[str]
    physical_core_count: Mapped[int]
    logical_core_count: Mapped[int]
    memory_bytes: Mapped[int] = mapped_column(BigInteger)
    operating_system: Mapped[str]
    python_version: Mapped[str]
    torch_version: Mapped[str]
    thread_count: Mapped[int]
    gpu_names: Mapped[list[str]]
    gpu_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    gpu_power_cap_w: Mapped[float | None]
    gpu_driver_version: Mapped[str | None]


class MeasurementRow(Base):
    """One `Measurement`. Rows are added, never edited."""

    __tablename__ = "measurement"
    __table_args__ = (
        CheckConstraint("time_s > 0 AND time_low_s > 0 AND time_high_s > 0", name="time_positive"),
        CheckConstraint("cpu_time_s >= 0", name="cpu_time_not_negative"),
        CheckConstraint("energy_j IS NULL OR energy_j > 0", name="energy_positive_or_unknown"),
        CheckConstraint(
            "(energy_j IS NULL) = (energy_kind IS NULL)", name="energy_kind_iff_energy_known"
        ),
        CheckConstraint("energy_kind IN ('measured', 'estimated')", name="energy_kind_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), index=True)
    workload: Mapped[str] = mapped_column(index=True)
    settings: Mapped[dict[str, Any]]
    method_version: Mapped[str]
    code_version: Mapped[str]
    taken_at: Mapped[datetime] = mapped_column(index=True)
    time_s: Mapped[float]
    time_low_s: Mapped[float]
    time_high_s: Mapped[float]
    repeat_times_s: Mapped[list[float]]
    cpu_time_s: Mapped[float]
    flop: Mapped[float | None]
    moved_bytes: Mapped[float | None]
    peak_memory_bytes: Mapped[float | None]
    energy_j: Mapped[float | None]
    energy_kind: Mapped[str | None]
    energy_meter: Mapped[str | None]
    load_average: Mapped[float | None]
    metrics: Mapped[dict[str, Any]]
    repetition_number: Mapped[int]


class EpochRow(Base):
    """One `Epoch` of a measurement that learns."""

    __tablename__ = "epoch"

    measurement_id: Mapped[int] = mapped_column(ForeignKey("measurement.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    train_loss_nats: Mapped[float]
    train_accuracy_share: Mapped[float]
    held_out_loss_nats: Mapped[float]
    held_out_accuracy_share: Mapped[float]
    time_s: Mapped[float]


class ScenarioRow(Base):
    """One saving of a scenario under a name. The newest of a name is the one that counts."""

    __tablename__ = "scenario"
    __table_args__ = (UniqueConstraint("name", "saved_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    saved_at: Mapped[datetime]
    document: Mapped[dict[str, Any]]
    method_version: Mapped[str | None]
    """Modelworth version that saved it; None where it was not installed."""
