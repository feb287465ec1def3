"""What follows: from a Scenario and what was measured to time, energy, carbon, money, quality.

`project` is read top to bottom; each step's formulas are in the module of its topic.
"""

from engine import catalogue
from engine.projection import hardware, notes, quality, replicas, site, stages, storage
from engine.projection import training as training_work
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.sized import sized
from engine.projection.working import explain
from engine.records import Projection
from engine.scenario import Scenario

__all__ = ["NO_EVIDENCE", "Evidence", "explain", "project"]


def project(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> Projection:
    """Everything that follows from a scenario; numbers are arrays where the scenario's are.

    Raises:
        BadInput: the hardware is a `measured:` machine that is not in the evidence.
    """
    model = sized(scenario, catalogue.model(scenario.model))
    device = hardware.device(scenario.hardware, evidence)
    terms = site.site(scenario, device)
    requests = stages.request_count(scenario)

    work = training_work.work(scenario, model, device)
    service = replicas.service(scenario, model, device)
    kept = storage.kept(scenario, model, work)
    traffic = storage.traffic(scenario, model, requests)

    training = stages.training_stage(scenario, model, device, terms, work)
    storing = stages.storage_stage(scenario, terms, kept)
    deployment = stages.deployment_stage(scenario, model, device, terms, service, requests, traffic)
    score = quality.quality(scenario, model, evidence)
    total = stages.total(scenario, training, storing, deployment)
    return Projection(
        training=training,
        storage=storing,
        deployment=deployment,
        quality=score.quality,
        total=total,
        notes=(
            *notes.notes(scenario, device, model, terms, work, service),
            *score.notes,
        ),
    )
