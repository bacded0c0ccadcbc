"""What a data scientist does with the kfp 2 SDK, start to end. Prints one JSON object; exits 1 on the first surprise.

    kfp2.py --host https://kubeflow.example.com:8443/pipeline --namespace NS [--cookies C] [--token T] [--ca FILE]
"""
import argparse
import json
import logging
import os
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--host", required=True)
parser.add_argument("--namespace", default=None)
parser.add_argument("--cookies", default=None)
parser.add_argument("--token", default=None)
parser.add_argument("--ca", default=None)
parser.add_argument("--expect-state", default="PENDING", help="what a run comes to: PENDING, SUCCEEDED, FAILED")
parser.add_argument("--wait", type=int, default=20, help="seconds to wait for an end, when one is expected")
args = parser.parse_args()

# The SDK keeps its context and credentials in the home folder; this script leaves none and reads none.
os.environ["HOME"] = tempfile.mkdtemp()
os.environ["KFP_DISABLE_EXECUTION_CACHING_BY_DEFAULT"] = "true"
logging.disable(logging.WARNING)

import kfp  # noqa: E402
from kfp import compiler, dsl  # noqa: E402


@dsl.component(base_image="python:3.11")
def classify(flower: str, petals: int = 3) -> str:
    return f"{flower} with {petals} petals"


@dsl.pipeline(name="iris-pipeline", description="One step that names a flower")
def iris_pipeline(flower: str = "iris", petals: int = 5):
    classify(flower=flower, petals=petals)


def expect(what, got, want):
    if got != want:
        sys.exit(f"kfp2.py: {what}: got {got!r}, wanted {want!r}")


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
seen["multi_user"] = health.multi_user
expect("multi_user", bool(health.multi_user), namespace is not None)

suffix = os.urandom(3).hex()
experiment = client.create_experiment(f"flowers-{suffix}", description="seen in spring", namespace=namespace)
listed = client.list_experiments(namespace=namespace, page_size=50, sort_by="created_at desc")
expect("experiment listed", experiment.experiment_id in [e.experiment_id for e in listed.experiments], True)
expect(
    "experiment by name",
    client.get_experiment(experiment_name=f"flowers-{suffix}", namespace=namespace).experiment_id,
    experiment.experiment_id,
)
expect(
    "create_experiment is idempotent",
    client.create_experiment(f"flowers-{suffix}", namespace=namespace).experiment_id,
    experiment.experiment_id,
)

folder = tempfile.mkdtemp()
package = os.path.join(folder, "iris.yaml")
compiler.Compiler().compile(iris_pipeline, package)
pipeline = client.upload_pipeline(package, pipeline_name=f"iris-{suffix}", description="irises", namespace=namespace)
version = client.upload_pipeline_version(package, f"v2-{suffix}", pipeline_id=pipeline.pipeline_id)
named = client.list_pipelines(
    namespace=namespace,
    filter=json.dumps({"predicates": [{"operation": 1, "key": "display_name", "stringValue": f"iris-{suffix}"}]}),
)
expect("pipeline by name", [p.pipeline_id for p in named.pipelines], [pipeline.pipeline_id])
# The SDK's own get_pipeline_id asks for shared pipelines only.
shared = client.upload_pipeline(package, pipeline_name=f"shared-{suffix}")
expect("shared pipeline by name", client.get_pipeline_id(f"shared-{suffix}"), shared.pipeline_id)
expect("pipeline", client.get_pipeline(pipeline.pipeline_id).display_name, f"iris-{suffix}")
versions = client.list_pipeline_versions(pipeline.pipeline_id, sort_by="created_at desc")
expect("versions", versions.total_size, 2)
spec = client.get_pipeline_version(pipeline.pipeline_id, version.pipeline_version_id).pipeline_spec
expect("the version's spec", spec["pipelineInfo"]["name"], "iris-pipeline")

run = client.run_pipeline(
    experiment.experiment_id,
    f"run-{suffix}",
    params={"flower": "rose", "petals": 7},
    pipeline_id=pipeline.pipeline_id,
    version_id=version.pipeline_version_id,
)
expect("parameters", client.get_run(run.run_id).runtime_config.parameters, {"flower": "rose", "petals": 7})

from_function = client.create_run_from_pipeline_func(
    iris_pipeline,
    arguments={"flower": "tulip"},
    experiment_name=f"flowers-{suffix}",
    namespace=namespace,
)
expect("run_id", bool(from_function.run_id), True)
got = client.get_run(from_function.run_id)
expect("state", got.state, args.expect_state)
expect("note", "kfdoor" in got.state_history[-1].error.message, True)
seen["note"] = got.state_history[-1].error.message
runs = client.list_runs(experiment_id=experiment.experiment_id, sort_by="created_at desc", page_size=1)
expect("runs", runs.total_size, 2)
more = client.list_runs(experiment_id=experiment.experiment_id, page_token=runs.next_page_token, page_size=1)
expect("both runs", {runs.runs[0].run_id, more.runs[0].run_id}, {run.run_id, from_function.run_id})
if namespace is not None:
    expect("runs of the namespace", client.list_runs(namespace=namespace).total_size >= 2, True)
only = client.list_runs(
    experiment_id=experiment.experiment_id,
    filter=json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": f"run-{suffix}"}]}),
)
expect("filtered", [r.run_id for r in only.runs], [run.run_id])

if args.expect_state != "PENDING":
    ended = client.wait_for_run_completion(from_function.run_id, timeout=args.wait)
    seen["ended"] = ended.state
    expect("ended", ended.state, args.expect_state)
else:
    client.terminate_run(from_function.run_id)
    expect("terminated", client.get_run(from_function.run_id).state, "CANCELED")

job = client.create_recurring_run(
    experiment.experiment_id,
    f"nightly-{suffix}",
    cron_expression="0 0 3 * * *",
    pipeline_id=pipeline.pipeline_id,
    version_id=version.pipeline_version_id,
    params={"flower": "night-flower"},
    enabled=True,
)
client.disable_recurring_run(job.recurring_run_id)
expect("disabled", client.get_recurring_run(job.recurring_run_id).status, "DISABLED")
client.enable_recurring_run(job.recurring_run_id)
jobs = client.list_recurring_runs(experiment_id=experiment.experiment_id)
expect("schedules", [j.recurring_run_id for j in jobs.recurring_runs], [job.recurring_run_id])
client.delete_recurring_run(job.recurring_run_id)

client.archive_run(run.run_id)
expect("archived", client.get_run(run.run_id).storage_state, "ARCHIVED")
client.unarchive_run(run.run_id)
client.archive_experiment(experiment.experiment_id)
expect("taken along", client.get_run(run.run_id).storage_state, "ARCHIVED")
client.unarchive_experiment(experiment.experiment_id)
client.unarchive_run(run.run_id)
client.delete_run(run.run_id)
try:
    client.get_run(run.run_id)
    sys.exit("kfp2.py: a deleted run was found")
except Exception as error:  # kfp_server_api has no common base worth naming
    expect("gone", getattr(error, "status", None), 404)

client.delete_pipeline_version(pipeline.pipeline_id, version.pipeline_version_id)
for left in client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions:
    client.delete_pipeline_version(pipeline.pipeline_id, left.pipeline_version_id)
client.delete_pipeline(pipeline.pipeline_id)
client.delete_experiment(experiment.experiment_id)
seen["run_id"] = from_function.run_id
print(json.dumps(seen))
