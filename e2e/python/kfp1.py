"""What a data scientist does with the kfp 1.8 SDK, start to end. Prints one JSON object; exits 1 on the first surprise.

    kfp1.py --host https://kubeflow.example.com:8443/pipeline --namespace NS [--cookies C] [--token T] [--ca FILE]
"""
import argparse
import json
import logging
import os
import sys
import tempfile
import warnings

parser = argparse.ArgumentParser()
parser.add_argument("--host", required=True)
parser.add_argument("--namespace", default=None)
parser.add_argument("--cookies", default=None)
parser.add_argument("--token", default=None)
parser.add_argument("--ca", default=None)
parser.add_argument("--expect-state", default="Pending", help="what a run comes to: Pending, Succeeded, Failed")
parser.add_argument("--wait", type=int, default=20, help="seconds to wait for an end, when one is expected")
args = parser.parse_args()

# The SDK keeps its context and credentials in the home folder; this script leaves none and reads none.
os.environ["HOME"] = tempfile.mkdtemp()
logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

import kfp  # noqa: E402
from kfp import compiler, components, dsl  # noqa: E402


def classify(flower: str, petals: int = 3) -> str:
    return f"{flower} with {petals} petals"


classify_op = components.create_component_from_func(classify, base_image="python:3.11")


@dsl.pipeline(name="iris-pipeline", description="One step that names a flower")
def iris_pipeline(flower: str = "iris", petals: int = 5):
    classify_op(flower, petals)


def expect(what, got, want):
    if got != want:
        sys.exit(f"kfp1.py: {what}: got {got!r}, wanted {want!r}")


client = kfp.Client(
    host=args.host,
    namespace=args.namespace or "kubeflow",
    cookies=args.cookies,
    existing_token=args.token,
    ssl_ca_cert=args.ca,
)
namespace = args.namespace
seen = {"kfp": kfp.__version__}

health = client.get_kfp_healthz()
multi_user = health.multi_user if hasattr(health, "multi_user") else health["multi_user"]
seen["multi_user"] = multi_user
expect("multi_user", bool(multi_user), namespace is not None)

suffix = os.urandom(3).hex()
experiment = client.create_experiment(f"flowers-{suffix}", description="seen in spring", namespace=namespace)
listed = client.list_experiments(namespace=namespace, page_size=50, sort_by="created_at desc")
expect("experiment listed", experiment.id in [e.id for e in listed.experiments], True)
expect(
    "experiment by name",
    client.get_experiment(experiment_name=f"flowers-{suffix}", namespace=namespace).id,
    experiment.id,
)

folder = tempfile.mkdtemp()
packages = [os.path.join(folder, f"iris{ending}") for ending in (".yaml", ".zip", ".tar.gz")]
pipelines = []
for number, package in enumerate(packages):
    compiler.Compiler().compile(iris_pipeline, package)
    pipelines.append(client.upload_pipeline(package, pipeline_name=f"iris-{suffix}-{number}", description="irises"))
pipeline = pipelines[0]
expect("parameters", [(p.name, p.value) for p in pipeline.parameters], [("flower", "iris"), ("petals", "5")])
expect("pipeline by name", client.get_pipeline_id(f"iris-{suffix}-1"), pipelines[1].id)
version = client.upload_pipeline_version(packages[0], f"v2-{suffix}", pipeline_id=pipeline.id)
versions = client.list_pipeline_versions(pipeline.id, page_size=10, sort_by="created_at desc")
expect("versions", {v.id for v in versions.versions}, {version.id, pipeline.default_version.id})

run = client.run_pipeline(
    experiment.id, f"run-{suffix}", params={"flower": "rose", "petals": 7}, version_id=version.id
)
from_function = client.create_run_from_pipeline_func(
    iris_pipeline,
    arguments={"flower": "tulip"},
    experiment_name=f"flowers-{suffix}",
    namespace=namespace,
)
expect("run_id", bool(from_function.run_id), True)
detail = client.get_run(from_function.run_id)
expect("status", detail.run.status, args.expect_state)
expect("parameters", [(p.name, p.value) for p in detail.run.pipeline_spec.parameters], [("flower", "tulip")])
status = json.loads(detail.pipeline_runtime.workflow_manifest)["status"]
expect("note", "kfdoor" in status["message"], True)
seen["note"] = status["message"]
runs = client.list_runs(experiment_id=experiment.id, sort_by="created_at desc", page_size=1)
expect("runs", runs.total_size, 2)
more = client.list_runs(experiment_id=experiment.id, page_token=runs.next_page_token, page_size=1)
expect("both runs", {runs.runs[0].id, more.runs[0].id}, {run.id, from_function.run_id})

if args.expect_state != "Pending":
    ended = client.wait_for_run_completion(from_function.run_id, timeout=args.wait)
    seen["ended"] = ended.run.status
    expect("ended", ended.run.status, args.expect_state)
else:
    client.runs.terminate_run(from_function.run_id)
    expect("terminated", client.get_run(from_function.run_id).run.status, "Failed")

job = client.create_recurring_run(
    experiment.id,
    f"nightly-{suffix}",
    cron_expression="0 0 3 * * *",
    pipeline_package_path=packages[0],
    params={"flower": "night-flower"},
)
client.disable_job(job.id)
expect("disabled", bool(client.get_recurring_run(job.id).enabled), False)
jobs = client.list_recurring_runs(experiment_id=experiment.id)
expect("schedules", [j.id for j in jobs.jobs], [job.id])
client.delete_job(job.id)

client.runs.archive_run(run.id)
expect("archived", client.get_run(run.id).run.storage_state, "STORAGESTATE_ARCHIVED")
client.archive_experiment(experiment.id)
client.experiments.unarchive_experiment(experiment.id)
client.runs.unarchive_run(run.id)
client.runs.delete_run(run.id)
try:
    client.get_run(run.id)
    sys.exit("kfp1.py: a deleted run was found")
except Exception as error:  # kfp_server_api has no common base worth naming
    expect("gone", getattr(error, "status", None), 404)

for left in pipelines:
    for one in client.list_pipeline_versions(left.id, page_size=10).versions:
        client.delete_pipeline_version(one.id)
    client.delete_pipeline(left.id)
client.delete_experiment(experiment.id)
seen["run_id"] = from_function.run_id
print(json.dumps(seen))
