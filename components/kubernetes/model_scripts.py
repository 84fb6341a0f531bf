"""What runs inside model services beside the users' images: Python of the MLflow image's own interpreter and packages."""

FETCH = '''\
"""Copies every object below a prefix of a bucket into a directory; fails where there is none."""

import os
import sys

import boto3

env = os.environ
prefix = env["MODEL_PREFIX"].strip("/") + "/"
store = boto3.client("s3", endpoint_url=env.get("MODEL_ENDPOINT") or None, region_name=env["MODEL_REGION"])
count = 0
for page in store.get_paginator("list_objects_v2").paginate(Bucket=env["MODEL_BUCKET"], Prefix=prefix):
    for item in page.get("Contents", []):
        path = os.path.normpath(os.path.join(env["MODEL_PATH"], item["Key"][len(prefix):]))
        if item["Key"].endswith("/") or not path.startswith(env["MODEL_PATH"] + os.sep):
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        store.download_file(env["MODEL_BUCKET"], item["Key"], path)
        count += 1
if not count:
    sys.exit(f"s3://{env['MODEL_BUCKET']}/{prefix}: nothing there")
print(f"{count} files from s3://{env['MODEL_BUCKET']}/{prefix}")
'''

READ = '''\
"""The body of a prediction as MLflow's scoring protocol writes it: a data frame, or inputs for a tensor model."""

import numpy
import pandas


def read(body):
    """The model's input. ValueError where the body has none of the four keys."""
    if "dataframe_split" in body:
        return pandas.DataFrame(**body["dataframe_split"])
    if "dataframe_records" in body:
        return pandas.DataFrame(body["dataframe_records"])
    for key in ("inputs", "instances"):
        if key in body:
            data = body[key]
            if isinstance(data, dict):
                return {name: numpy.asarray(value) for name, value in data.items()}
            return numpy.asarray(data)
    raise ValueError("expected one of dataframe_split, dataframe_records, inputs, instances")


def write(found):
    """The predictions as plain JSON."""
    if isinstance(found, pandas.DataFrame):
        return found.to_dict(orient="records")
    return found.tolist() if hasattr(found, "tolist") else found
'''

FASTAPI = '''\
"""Serves one MLflow model over HTTP: POST /predict, GET /healthz, GET /metrics."""

import os

import mlflow.pyfunc
from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

from model_drift import Watch
from model_io import read, write

model = mlflow.pyfunc.load_model(os.environ["MODEL_PATH"])
watch = Watch(os.environ["MODEL_NAME"], os.environ["MODEL_PATH"])
took = Histogram("model_prediction_seconds", "Seconds that a prediction took", ["model"])
app = FastAPI(title=os.environ["MODEL_NAME"], docs_url=None, redoc_url=None)


@app.post("/predict")
def predict(body: dict):
    try:
        data = read(body)
    except (TypeError, ValueError) as error:
        raise HTTPException(400, str(error)) from None
    with took.labels(os.environ["MODEL_NAME"]).time():
        found = model.predict(data)
    watch.see(data, found)
    return {"predictions": write(found)}


@app.get("/healthz")
def healthz():
    return {"model": os.environ["MODEL_NAME"]}


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
'''

FLASK = '''\
"""Serves one MLflow model over HTTP: POST /predict, GET /healthz, GET /metrics."""

import os

import mlflow.pyfunc
from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

from model_drift import Watch
from model_io import read, write

model = mlflow.pyfunc.load_model(os.environ["MODEL_PATH"])
watch = Watch(os.environ["MODEL_NAME"], os.environ["MODEL_PATH"])
took = Histogram("model_prediction_seconds", "Seconds that a prediction took", ["model"])
app = Flask(os.environ["MODEL_NAME"])


@app.post("/predict")
def predict():
    try:
        data = read(request.get_json(force=True))
    except (TypeError, ValueError) as error:
        return jsonify(error=str(error)), 400
    with took.labels(os.environ["MODEL_NAME"]).time():
        found = model.predict(data)
    watch.see(data, found)
    return jsonify(predictions=write(found))


@app.get("/healthz")
def healthz():
    return jsonify(model=os.environ["MODEL_NAME"])


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), mimetype=CONTENT_TYPE_LATEST)
'''

MONITORING = 'prometheus_config { enable: true, path: "/monitoring/prometheus/metrics" }\n'
"""TensorFlow Serving's --monitoring_config_file (a text protobuf)."""
