"""Data-quality monitors of Azure ML: what a check of data is, for tfdv and modelMonitoring."""

import pulumi_azure_native as azure

SPARK, INSTANCE = "3.4", "standard_e4s_v3"
"""Serverless Spark of a monitor (Azure Machine Learning documentation, "Monitor performance of models deployed to
production", CLI schedule YAML; read 2026-11-23)."""
LIMITS = {"NullValueRate": 0.05, "DataTypeErrorRate": 0.03, "OutOfBoundsRate": 0.05}
"""Share of a column's values from which on the monitor says so."""


def check(
    production: str, reference: str, context: str, kind: str = "mltable"
) -> azure.machinelearningservices.CreateMonitorActionArgs:
    """The quality of the data at `production` measured against that at `reference`, both azureml:// addresses.

    The check runs on serverless Spark in the workspace's managed network, as whoever made the schedule.
    """
    ml = azure.machinelearningservices

    def data(uri: str, what: str) -> azure.machinelearningservices.FixedInputDataArgs:
        return ml.FixedInputDataArgs(input_data_type="Fixed", job_input_type=kind, uri=uri, data_context=what)

    thresholds = [
        *(
            ml.NumericalDataQualityMetricThresholdArgs(
                data_type="Numerical", metric=metric, threshold=ml.MonitoringThresholdArgs(value=value)
            )
            for metric, value in LIMITS.items()
        ),
        *(
            ml.CategoricalDataQualityMetricThresholdArgs(
                data_type="Categorical", metric=metric, threshold=ml.MonitoringThresholdArgs(value=value)
            )
            for metric, value in LIMITS.items()
        ),
    ]
    signal = ml.DataQualityMonitoringSignalArgs(
        signal_type="DataQuality",
        production_data=data(production, context),
        reference_data=data(reference, "Training"),
        metric_thresholds=thresholds,
    )
    return ml.CreateMonitorActionArgs(
        action_type="CreateMonitor",
        monitor_definition=ml.MonitorDefinitionArgs(
            compute_configuration=ml.MonitorServerlessSparkComputeArgs(
                compute_type="ServerlessSpark",
                compute_identity=ml.AmlTokenComputeIdentityArgs(compute_identity_type="AmlToken"),
                instance_type=INSTANCE,
                runtime_version=SPARK,
            ),
            signals={"quality": signal},
        ),
    )
