// SPDX-License-Identifier: Apache-2.0
#include "controller/admission/schema_fields.h"

namespace hone::schema {
namespace {

constexpr std::string_view kTypes = "double int discrete categorical";
constexpr std::string_view kDistributions = "uniform logUniform normal logNormal";
constexpr std::string_view kCollectors =
    "StdOut File TensorFlowEvent PrometheusMetric Custom Push None";

constexpr Field kFields[] = {
    {"apiVersion", Kind::kText, "kubeflow.org/v1beta1", true, "kubeflow.org/v1beta1"},
    {"kind", Kind::kText, "Experiment", true, "Experiment"},
    {"metadata", Kind::kObject, "Name, namespace, labels and annotations.", true},
    {"metadata.name", Kind::kText, "Of the experiment; unique in its namespace.", true},
    {"metadata.namespace", Kind::kText, "default, if nothing is said."},
    {"metadata.labels", Kind::kTextMap, "For people and tools; not used."},
    {"metadata.annotations", Kind::kTextMap, "For people and tools; not used."},
    {"spec", Kind::kObject, "What to vary, what to optimise, how to train.", true},

    {"spec.parameters", Kind::kList, "The search space."},
    {"spec.parameters[]", Kind::kObject, "One parameter of the search space."},
    {"spec.parameters[].name", Kind::kText, "Unique in the list.", true},
    {"spec.parameters[].parameterType", Kind::kText,
     "double and int have min and max; discrete (numbers) and categorical (words) have a list.",
     true, kTypes},
    {"spec.parameters[].feasibleSpace", Kind::kObject, "The values it may have.", true},
    {"spec.parameters[].feasibleSpace.min", Kind::kNumberText, "Smallest value."},
    {"spec.parameters[].feasibleSpace.max", Kind::kNumberText, "Largest value."},
    {"spec.parameters[].feasibleSpace.step", Kind::kNumberText,
     "Values are min + k * step <= max; grid needs it for a double."},
    {"spec.parameters[].feasibleSpace.list", Kind::kList, "The values, each once."},
    {"spec.parameters[].feasibleSpace.list[]", Kind::kNumberText, "One value."},
    {"spec.parameters[].feasibleSpace.distribution", Kind::kText,
     "How values are spread between min and max; the log forms need min > 0.", false,
     kDistributions},
    {"spec.parameters[].activeWhen", Kind::kObject,
     "The parameter plays a role only while another one has one of these values (hone's own)."},
    {"spec.parameters[].activeWhen.parameter", Kind::kText, "Name of a parameter further up.",
     true},
    {"spec.parameters[].activeWhen.in", Kind::kList, "Values of that parameter.", true},
    {"spec.parameters[].activeWhen.in[]", Kind::kNumberText, "One value."},
    {"spec.parameters[].inactiveValue", Kind::kNumberText,
     "What templates get while the parameter is inactive (hone's own)."},

    {"spec.objective", Kind::kObject, "What to optimise.", true},
    {"spec.objective.type", Kind::kText, "The direction.", true, "minimize maximize"},
    {"spec.objective.goal", Kind::kNumber, "The experiment succeeds when it is reached."},
    {"spec.objective.objectiveMetricName", Kind::kText, "The metric that trials report.", true},
    {"spec.objective.additionalMetricNames", Kind::kList, "Other metrics to collect."},
    {"spec.objective.additionalMetricNames[]", Kind::kText, "One metric."},
    {"spec.objective.metricStrategies", Kind::kList, "Which of a trial's values count."},
    {"spec.objective.metricStrategies[]", Kind::kObject, "For one metric."},
    {"spec.objective.metricStrategies[].name", Kind::kText, "The metric.", true},
    {"spec.objective.metricStrategies[].value", Kind::kText,
     "The best one by the objective's type, if nothing is said.", true, "min max latest"},

    {"spec.algorithm", Kind::kObject, "How to search.", true},
    {"spec.earlyStopping", Kind::kObject, "When to stop a trial before its end."},
    {"spec.earlyStopping.algorithmName", Kind::kText, "The rule.", true},
    {"spec.earlyStopping.algorithmSettings", Kind::kList, "Its settings."},
    {"spec.earlyStopping.algorithmSettings[]", Kind::kObject, "One setting."},
    {"spec.earlyStopping.algorithmSettings[].name", Kind::kText, "Its name.", true},
    {"spec.earlyStopping.algorithmSettings[].value", Kind::kNumberText, "Its value.", true},

    {"spec.parallelTrialCount", Kind::kInteger, "Trials at a time; 3, if nothing is said."},
    {"spec.maxTrialCount", Kind::kInteger, "Trials in all; without it there is no end but goal."},
    {"spec.maxFailedTrialCount", Kind::kInteger,
     "The experiment fails when more trials than this have failed."},
    {"spec.resumePolicy", Kind::kText, "Whether a finished experiment may be given more trials.",
     false, "Never LongRunning FromVolume"},
    {"spec.seed", Kind::kInteger,
     "Of all random numbers; made up and recorded if absent (hone's own)."},
    {"spec.retryPolicy", Kind::kObject, "When a failed trial is started again (hone's own)."},
    {"spec.retryPolicy.maxRetries", Kind::kInteger, "At most this often for each trial.", true},
    {"spec.retryPolicy.on", Kind::kList, "After these endings; without it after any."},
    {"spec.retryPolicy.on[]", Kind::kText, "A way to end.", false,
     "ExitCode Signal OutOfMemory Timeout FailedToStart Lost MetricMissing MetricNotANumber"},
    {"spec.constraints", Kind::kList,
     "Conditions that the values of every trial satisfy (hone's own)."},
    {"spec.constraints[]", Kind::kText, "Such as layers * units <= 4096 && optimizer != \"sgd\"."},
    {"spec.maxDuration", Kind::kText,
     "The experiment ends after running for this time, such as 90s, 10m or 1h30m (hone's own)."},
    {"spec.maxTrialDuration", Kind::kText,
     "A trial is ended after this time, such as 90s, 10m or 1h30m (hone's own)."},

    {"spec.metricsCollectorSpec", Kind::kObject,
     "How metrics are read; from standard output, if nothing is said."},
    {"spec.metricsCollectorSpec.collector", Kind::kObject, "The kind of collector."},
    {"spec.metricsCollectorSpec.collector.kind", Kind::kText, "Where trials report.", false,
     kCollectors},
    {"spec.metricsCollectorSpec.collector.customCollector", Kind::kObject,
     "The container of a Custom collector."},
    {"spec.metricsCollectorSpec.source", Kind::kObject, "Where and in what form metrics are."},
    {"spec.metricsCollectorSpec.source.fileSystemPath", Kind::kObject,
     "Of File and TensorFlowEvent."},
    {"spec.metricsCollectorSpec.source.fileSystemPath.path", Kind::kText, "An absolute path."},
    {"spec.metricsCollectorSpec.source.fileSystemPath.kind", Kind::kText,
     "File, or Directory for TensorFlowEvent.", false, "File Directory"},
    {"spec.metricsCollectorSpec.source.fileSystemPath.format", Kind::kText,
     "Lines with name=value, or a JSON object a line.", false, "TEXT JSON"},
    {"spec.metricsCollectorSpec.source.httpGet", Kind::kObject, "Of PrometheusMetric."},
    {"spec.metricsCollectorSpec.source.filter", Kind::kObject, "How a line of TEXT is read."},
    {"spec.metricsCollectorSpec.source.filter.metricsFormat", Kind::kList,
     "RE2 expressions with two groups, name and value."},
    {"spec.metricsCollectorSpec.source.filter.metricsFormat[]", Kind::kText, "One expression."},

    {"spec.nasConfig", Kind::kObject,
     "The search space of neural architecture search, instead of parameters."},
    {"spec.nasConfig.graphConfig", Kind::kObject, "The network.", true},
    {"spec.nasConfig.graphConfig.numLayers", Kind::kInteger, "Number of layers.", true},
    {"spec.nasConfig.graphConfig.inputSizes", Kind::kList, "Shape of the input."},
    {"spec.nasConfig.graphConfig.inputSizes[]", Kind::kInteger, "One size."},
    {"spec.nasConfig.graphConfig.outputSizes", Kind::kList, "Shape of the output."},
    {"spec.nasConfig.graphConfig.outputSizes[]", Kind::kInteger, "One size."},
    {"spec.nasConfig.operations", Kind::kList, "What a layer may be.", true},
    {"spec.nasConfig.operations[]", Kind::kObject, "One operation."},
    {"spec.nasConfig.operations[].operationType", Kind::kText, "Such as convolution.", true},
    {"spec.nasConfig.operations[].parameters", Kind::kList, "Its variants, as spec.parameters."},

    {"spec.trialTemplate", Kind::kObject, "How a trial is run.", true},
    {"spec.trialTemplate.retain", Kind::kFlag, "Keep what a trial leaves behind."},
    {"spec.trialTemplate.trialSpec", Kind::kObject,
     "The Kubernetes object that runs a trial, such as a Job, with ${trialParameters.NAME} where "
     "values go."},
    {"spec.trialTemplate.configMap", Kind::kObject,
     "A template in a ConfigMap, instead of trialSpec."},
    {"spec.trialTemplate.configMap.configMapName", Kind::kText, "Its name.", true},
    {"spec.trialTemplate.configMap.configMapNamespace", Kind::kText, "Its namespace.", true},
    {"spec.trialTemplate.configMap.templatePath", Kind::kText, "The key of its data.", true},
    {"spec.trialTemplate.trialParameters", Kind::kList, "The placeholders of the template.", true},
    {"spec.trialTemplate.trialParameters[]", Kind::kObject, "One placeholder."},
    {"spec.trialTemplate.trialParameters[].name", Kind::kText, "NAME of ${trialParameters.NAME}.",
     true},
    {"spec.trialTemplate.trialParameters[].description", Kind::kText, "For people."},
    {"spec.trialTemplate.trialParameters[].reference", Kind::kText,
     "A parameter's name, or ${trialSpec.Name} and the like.", true},
    {"spec.trialTemplate.primaryContainerName", Kind::kText,
     "The container whose output has the metrics.", true},
    {"spec.trialTemplate.primaryPodLabels", Kind::kTextMap, "Which pod of a job has the metrics."},
    {"spec.trialTemplate.successCondition", Kind::kText,
     "A GJSON path over the job that finds something once it has succeeded; known for common "
     "kinds."},
    {"spec.trialTemplate.failureCondition", Kind::kText, "The same for failure."},
};

}  // namespace

std::span<const Field> AllFields() {
  return kFields;
}

}  // namespace hone::schema
