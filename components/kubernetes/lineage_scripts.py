"""What the steps of the lineage job run: small programs that know their environment and the shared directory alone.

Each fails where what it was to prove does not hold, and ends with a line that says what it proved. They hand on files in
$LINEAGE_WORK: records.csv (lines `run,x,y` with y = 3x + 2), records.csv.dvc, fit.json, run.json, prediction.json.
"""

from components.kubernetes.lineage_data_scripts import CONSUME, PROCESS, PRODUCE, STORE, VERSION

COMMON = '''\
"""What the steps share: the directory by which they hand on, the run's records, and calls by HTTP."""

import json
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path

RUN = os.environ["RUN_ID"]
WORK = Path(os.environ["LINEAGE_WORK"])


def records():
    """The run's records as (x, y): what former steps left, else made here."""
    path = WORK / "records.csv"
    if not path.exists():
        path.write_text("".join(f"{RUN},{x},{3 * x + 2}\\n" for x in range(1, int(os.environ["RECORDS"]) + 1)))
    return [(int(x), int(y)) for _, x, y in (line.split(",") for line in path.read_text().splitlines())]


def left(name):
    """What a former step left as JSON; nothing where the job has none that does."""
    path = WORK / name
    return json.loads(path.read_text()) if path.exists() else {}


def leave(name, found):
    """Leaves it to later steps."""
    (WORK / name).write_text(json.dumps(found, sort_keys=True))


def call(method, url, body=None, token=None, ca=None, seconds=60):
    """(status, JSON or text) of a request; an answer that is an error is an answer too."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data, headers, method=method)
    trust = ssl.create_default_context(cafile=ca) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=seconds, context=trust) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode(errors="replace")
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
'''

MATERIALISE = '''\
"""Has the feature store bring its online store up to now, as the ServiceAccount of this pod."""

import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from common import call

token = (Path(os.environ["TOKEN_PATH"]) / "token").read_text().strip()
url = os.environ["FEATURES_URL"].rstrip("/") + "/materialize-incremental"
body = {"end_ts": datetime.now(timezone.utc).isoformat()}
status, found = call("POST", url, body, token, os.environ.get("FEATURES_CA"), seconds=900)
if status >= 300:
    sys.exit(f"{url}: {status} {found}")
print(f"features are materialised up to {body['end_ts']}")
'''

TRAIN = '''\
"""Fits y = ax + b to the records in a study of its own on the platform's storage, and reads the study back."""

import sys

import optuna
import optuna_storage
from common import RUN, leave, records

points = records()
TRIALS = 25


def error(trial):
    slope, start = trial.suggest_float("slope", 0, 6), trial.suggest_float("start", 0, 4)
    return sum((slope * x + start - y) ** 2 for x, y in points) / len(points)


optuna.logging.set_verbosity(optuna.logging.WARNING)
storage = optuna_storage.url()
study = optuna.create_study(study_name=RUN, storage=storage, sampler=optuna.samplers.TPESampler(seed=1))
study.optimize(error, n_trials=TRIALS)
again = optuna.load_study(study_name=RUN, storage=storage)
if len(again.trials) != TRIALS or again.best_value != study.best_value:
    sys.exit(f"study {RUN}: {len(again.trials)} trials in the database, and {TRIALS} were run")
leave("fit.json", {**again.best_params, "error": again.best_value})
print(f"study {RUN}: {TRIALS} trials, least error {again.best_value:.3f}")
'''

TRACK = '''\
"""Logs what former steps found as a run of experiment `lineage`, with its data, and reads it back."""

import sys

import mlflow
from common import RUN, WORK, leave, left, records

fit = left("fit.json")
error = float(fit.pop("error", 0.0))
count = len(records())
# a pointer to the data where DVC has them, else the data
data = "records.csv.dvc" if (WORK / "records.csv.dvc").exists() else "records.csv"
mlflow.set_experiment("lineage")
with mlflow.start_run(run_name=RUN) as run:
    mlflow.log_params({**fit, "records": count})
    mlflow.log_metric("error", error)
    mlflow.log_artifact(str(WORK / data))
client = mlflow.MlflowClient()
again = client.get_run(run.info.run_id)
names = [item.path for item in client.list_artifacts(run.info.run_id)]
if again.data.metrics.get("error") != error or again.data.params.get("records") != str(count) or data not in names:
    sys.exit(f"run {run.info.run_id}: metrics {again.data.metrics}, artifacts {names}: not what was logged")
leave("run.json", {"run": run.info.run_id})
print(f"run {run.info.run_id} of experiment lineage, with {data}")
'''

SERVE = '''\
"""Asks the serving system: for a prediction where the stack says what to ask, else whether it answers."""

import json
import os
import sys

from common import call, leave

url, path = os.environ["SERVING_URL"].rstrip("/"), os.environ.get("SERVING_PATH", "")
ca = os.environ.get("SERVING_CA")
if path:
    status, found = call("POST", url + path, json.loads(os.environ["SERVING_BODY"]), ca=ca)
    if status >= 300 or not isinstance(found, (dict, list)) or not found:
        sys.exit(f"{url}{path}: {status} {found}")
    leave("prediction.json", found)
    print(f"{url}{path} predicts {json.dumps(found)[:200]}")
else:
    status, found = call("GET", url + "/", ca=ca)
    if status >= 500:
        sys.exit(f"{url}/: {status} {found}")
    print(f"{url}/ answers {status}; name lineage.prediction to have it predict")
'''

OBSERVE = '''\
"""Shows a metric of this run, and waits until a query of the platform's metrics finds it: it was scraped then."""

import os
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from common import RUN, call

NAME, STEPS = "mlops_lineage_steps", os.environ["STEPS"]
SECONDS = int(os.environ.get("METRICS_SECONDS", "300"))


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        text = f'# TYPE {NAME} gauge\\n{NAME}{{run="{RUN}"}} {STEPS}\\n'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


threading.Thread(target=ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever, daemon=True).start()
query = urllib.parse.urlencode({"query": f'{NAME}{{run="{RUN}"}}'})
url = os.environ["METRICS_URL"].rstrip("/") + "/api/v1/query?" + query
end, values, status = time.monotonic() + SECONDS, [], 0
while time.monotonic() < end:
    status, found = call("GET", url, ca=os.environ.get("METRICS_CA"))
    values = [item["value"][1] for item in found["data"]["result"]] if status == 200 else []
    if values:
        break
    time.sleep(float(os.environ.get("METRICS_POLL", "5")))
if [float(value) for value in values] != [float(STEPS)]:
    sys.exit(f"{NAME} of run {RUN}: {values} (status {status}) after at most {SECONDS} s; expected {STEPS}")
print(f"{NAME} of run {RUN} was scraped: {values[0]}")
'''

SHELL = {"produce": PRODUCE, "consume": CONSUME, "version": VERSION}
"""Steps in the shell, for images without Python of their own."""
PYTHON = {
    "process": PROCESS,
    "store": STORE,
    "materialise": MATERIALISE,
    "train": TRAIN,
    "track": TRACK,
    "serve": SERVE,
    "observe": OBSERVE,
}


def files(keys: list[str]) -> dict[str, str]:
    """The files of a job with these steps, by name."""
    found = {f"{key}.sh": SHELL[key] for key in keys if key in SHELL}
    found |= {f"{key}.py": PYTHON[key] for key in keys if key in PYTHON}
    return found | ({"common.py": COMMON} if any(key in PYTHON for key in keys) else {})
