#include "learning.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "../recall/make_models.h"
#include "errors.h"
#include "handles.h"
#include "jobs.h"
#include "parse_learning.h"

namespace kairank {

namespace {

constexpr napi_type_tag kDatasetTag = {0x6b6169726e6b4461u, 0x7461736574000001u};
constexpr napi_type_tag kRulesTag = {0x6b6169726e6b5275u, 0x6c65730000000001u};
constexpr napi_type_tag kFactorsTag = {0x6b6169726e6b4661u, 0x63746f7273000001u};

constexpr size_t kMaxTop = size_t{1} << 28;  // entries of all lists of one evaluation

template <typename T>
int64_t bytesOf(const std::vector<T>& values) {
  return static_cast<int64_t>(values.size() * sizeof(T));
}

// --- native values as JavaScript ------------------------------------------------------------------------------------

template <typename Array, typename T>
Napi::Value arrayOf(Napi::Env env, const std::vector<T>& values) {
  Array array = Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

Napi::Value ruleTensors(Napi::Env env, const RulesModel& model) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("offsets", arrayOf<Napi::Float64Array>(env, model.offsets));
  object.Set("columns", arrayOf<Napi::Uint32Array>(env, model.columns));
  object.Set("values", arrayOf<Napi::Float32Array>(env, model.values));
  object.Set("decay", static_cast<double>(model.decay));
  object.Set("maxEvents", model.maxEvents);
  return object;
}

Napi::Value factorTensors(Napi::Env env, const FactorsModel& model) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("dim", model.dim);
  object.Set("factors", arrayOf<Napi::Float32Array>(env, model.factors));
  object.Set("gram", arrayOf<Napi::Float32Array>(env, model.gram));
  object.Set("regularisation", static_cast<double>(model.regularisation));
  object.Set("alpha0", static_cast<double>(model.alpha0));
  object.Set("nu", static_cast<double>(model.nu));
  object.Set("decay", static_cast<double>(model.decay));
  object.Set("maxEvents", model.maxEvents);
  return object;
}

/// A handle with one method that reads the model behind it.
template <typename Model>
Napi::Object modelObject(Napi::Env env, std::shared_ptr<const Model> model, const napi_type_tag& tag, int64_t bytes,
                         const char* method, Napi::Value (*read)(Napi::Env, const Model&)) {
  Napi::Object object = wrapHandle<const Model>(env, model, tag, bytes);
  object.Set(method, Napi::Function::New(
                         env,
                         [model, read](const Napi::CallbackInfo& info) {
                           return guard(info.Env(), [&] { return read(info.Env(), *model); });
                         },
                         method));
  return object;
}

Napi::Object rulesObject(Napi::Env env, std::shared_ptr<const RulesModel> model) {
  const int64_t bytes = bytesOf(model->offsets) + bytesOf(model->columns) + bytesOf(model->values);
  return modelObject<RulesModel>(env, std::move(model), kRulesTag, bytes, "tensors", ruleTensors);
}

Napi::Object factorsObject(Napi::Env env, std::shared_ptr<const FactorsModel> model) {
  const int64_t bytes = bytesOf(model->factors) + bytesOf(model->gram);
  return modelObject<FactorsModel>(env, std::move(model), kFactorsTag, bytes, "tensors", factorTensors);
}

Napi::Value partsOf(Napi::Env env, const ModelSet& models) {
  Napi::Object attention = Napi::Object::New(env);
  attention.Set("scale", static_cast<double>(models.attention.scale));
  attention.Set("decay", static_cast<double>(models.attention.decay));
  attention.Set("maxEvents", models.attention.maxEvents);
  Napi::Array weight = Napi::Array::New(env, kSources);
  Napi::Array missing = Napi::Array::New(env, kSources);
  for (uint32_t s = 0; s < kSources; s++) {
    weight.Set(s, static_cast<double>(models.blend.weight[s]));
    missing.Set(s, static_cast<double>(models.blend.missing[s]));
  }
  Napi::Object blend = Napi::Object::New(env);
  blend.Set("weight", weight);
  blend.Set("missing", missing);

  Napi::Object parts = Napi::Object::New(env);
  parts.Set("items", models.items);
  parts.Set("rules", models.rules ? Napi::Value(rulesObject(env, models.rules)) : env.Null());
  parts.Set("factors", models.factors ? Napi::Value(factorsObject(env, models.factors)) : env.Null());
  parts.Set("popularity", arrayOf<Napi::Float32Array>(env, models.popularity));
  parts.Set("attention", attention);
  parts.Set("blend", blend);
  parts.Set("excludeSeen", models.excludeSeen);
  return parts;
}

Napi::Object modelsObject(Napi::Env env, std::shared_ptr<const ModelSet> models) {
  const uint32_t items = models->items;
  const int64_t bytes = bytesOf(models->unitFactors) + bytesOf(models->popularity) + bytesOf(models->popular);
  Napi::Object object = modelObject<ModelSet>(env, std::move(models), kModelsTag, bytes, "parts", partsOf);
  object.Set("items", items);
  return object;
}

Napi::Object settingsObject(Napi::Env env, const std::vector<std::pair<std::string, double>>& settings) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : settings) object.Set(name, value);
  return object;
}

Napi::Value trialsArray(Napi::Env env, const std::vector<Trial>& trials) {
  Napi::Array array = Napi::Array::New(env, trials.size());
  for (uint32_t i = 0; i < trials.size(); i++) {
    Napi::Object trial = Napi::Object::New(env);
    trial.Set("settings", settingsObject(env, trials[i].settings));
    trial.Set("ndcg", trials[i].ndcg);
    trial.Set("recall", trials[i].recall);
    array.Set(i, trial);
  }
  return array;
}

Napi::Value rankedObject(Napi::Env env, const RankedCases& ranked) {
  const size_t targets = ranked.ranks.size();
  Napi::Uint32Array above = Napi::Uint32Array::New(env, targets);
  Napi::Uint32Array tied = Napi::Uint32Array::New(env, targets);
  Napi::Uint8Array recalled = Napi::Uint8Array::New(env, targets);
  for (size_t t = 0; t < targets; t++) {
    above[t] = ranked.ranks[t].above;
    tied[t] = ranked.ranks[t].tied;
    recalled[t] = ranked.ranks[t].recalled;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("above", above);
  object.Set("tied", tied);
  object.Set("recalled", recalled);
  object.Set("eligible", arrayOf<Napi::Uint32Array>(env, ranked.eligible));
  object.Set("scored", arrayOf<Napi::Uint32Array>(env, ranked.scored));
  object.Set("top", arrayOf<Napi::Uint32Array>(env, ranked.top));
  return object;
}

// --- the functions --------------------------------------------------------------------------------------------------

using Arguments = const Napi::CallbackInfo&;

std::shared_ptr<const Dataset> datasetOf(const Napi::Value& value) {
  return unwrapHandle<const Dataset>(value, kDatasetTag, "data");
}

Napi::Value createDataset(Arguments info) {
  auto data = std::make_shared<Dataset>();
  data->items = static_cast<uint32_t>(wholeOf(info[0], "items", 0, kMaxRows));
  data->train = historiesOf(info[1], "train", data->items);
  if (isNone(info[2])) {
    data->validation.histories.offsets = {0};
    data->validation.targetOffsets = {0};
  } else {
    data->validation = casesOf(info[2], "validation", data->items);
  }
  const int64_t bytes = bytesOf(data->train.events) + bytesOf(data->validation.histories.events);
  const uint32_t users = data->train.users();
  const uint32_t items = data->items;
  Napi::Object object = wrapHandle<const Dataset>(info.Env(), std::move(data), kDatasetTag, bytes);
  object.Set("items", items);
  object.Set("users", users);
  return object;
}

Napi::Value learnRulesJob(Arguments info) {
  const LearnOptions options = learnOptionsOf(info[1]);
  const auto work = [data = datasetOf(info[0]), excludeSeen = options.excludeSeen, seed = options.seed,
                     threads = options.threads](JobContext& context) {
    JobControl control(context);
    return learnRules(*data, excludeSeen, seed, threads, control);
  };
  return startJob(info.Env(), work, options.onProgress, [](Napi::Env env, const LearnedRules& learned) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("rules", rulesObject(env, learned.rules));
    object.Set("settings", settingsObject(env, named(learned.settings)));
    object.Set("trials", trialsArray(env, learned.trials));
    return object;
  });
}

Napi::Value fitRulesJob(Arguments info) {
  const RuleSettings settings = ruleSettingsOf(info[1]);
  const LearnOptions options = learnOptionsOf(info[2]);
  const auto work = [data = datasetOf(info[0]), settings, threads = options.threads](JobContext& context) {
    JobControl control(context);
    control.begin(1);
    std::shared_ptr<const RulesModel> rules =
        fitRules(positivesOf(data->train, data->items), settings, threads, control);
    control.finish();
    return rules;
  };
  return startJob(info.Env(), work, options.onProgress,
                  [](Napi::Env env, const std::shared_ptr<const RulesModel>& rules) {
                    Napi::Object object = Napi::Object::New(env);
                    object.Set("rules", rulesObject(env, rules));
                    return object;
                  });
}

Napi::Value learnFactorsJob(Arguments info) {
  const LearnOptions options = learnOptionsOf(info[1]);
  const auto work = [data = datasetOf(info[0]), excludeSeen = options.excludeSeen, seed = options.seed,
                     threads = options.threads](JobContext& context) {
    JobControl control(context);
    return learnFactors(*data, excludeSeen, seed, threads, control);
  };
  return startJob(info.Env(), work, options.onProgress, [](Napi::Env env, const LearnedFactors& learned) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("factors", factorsObject(env, learned.factors));
    object.Set("settings", settingsObject(env, named(learned.settings)));
    object.Set("trials", trialsArray(env, learned.trials));
    return object;
  });
}

Napi::Value fitFactorsJob(Arguments info) {
  const FactorSettings settings = factorSettingsOf(info[1]);
  const LearnOptions options = learnOptionsOf(info[2]);
  const auto work = [data = datasetOf(info[0]), settings, seed = options.seed,
                     threads = options.threads](JobContext& context) {
    JobControl control(context);
    return fitFactors(positivesOf(data->train, data->items), settings, seed, threads, control);
  };
  return startJob(info.Env(), work, options.onProgress,
                  [](Napi::Env env, const std::shared_ptr<const FactorsModel>& factors) {
                    Napi::Object object = Napi::Object::New(env);
                    object.Set("factors", factorsObject(env, factors));
                    return object;
                  });
}

struct Parts {
  std::shared_ptr<const RulesModel> rules;
  std::shared_ptr<const FactorsModel> factors;
  std::vector<float> popularity;
};

Parts partsFrom(const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "parts");
  const Napi::Value rules = object.Get("rules");
  const Napi::Value factors = object.Get("factors");
  const Napi::Value popularity = object.Get("popularity");
  Parts parts;
  if (!isNone(rules)) parts.rules = unwrapHandle<const RulesModel>(rules, kRulesTag, "parts.rules");
  if (!isNone(factors)) parts.factors = unwrapHandle<const FactorsModel>(factors, kFactorsTag, "parts.factors");
  const Span<float> counts = spanOf<float>(popularity, "parts.popularity");
  parts.popularity.assign(counts.data, counts.data + counts.size);
  return parts;
}

Napi::Value learnBlendJob(Arguments info) {
  Napi::Value onProgress;
  const BlendOptions options = blendOptionsOf(info[2], onProgress);
  const auto work = [data = datasetOf(info[0]), parts = partsFrom(info[1]), options](JobContext& context) {
    JobControl control(context);
    return learnBlend(*data, parts.rules, parts.factors, parts.popularity, options, control);
  };
  return startJob(info.Env(), work, onProgress, [](Napi::Env env, const LearnedBlend& learned) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("models", modelsObject(env, learned.models));
    object.Set("trials", trialsArray(env, learned.trials));
    return object;
  });
}

uint32_t itemsOf(const Napi::Value& value) { return static_cast<uint32_t>(wholeOf(value, "items", 0, kMaxRows)); }

Napi::Value rulesFromTensors(Arguments info) { return rulesObject(info.Env(), rulesOf(itemsOf(info[0]), info[1])); }

Napi::Value factorsFromTensors(Arguments info) {
  return factorsObject(info.Env(), factorsOf(itemsOf(info[0]), info[1]));
}

Napi::Value createModels(Arguments info) {
  const Napi::Object object = objectOf(info[0], "parts");
  const uint32_t items = itemsOf(object.Get("items"));
  const AttentionModel attention = attentionOf(object.Get("attention"));
  const Blend blend = blendOf(object.Get("blend"));
  const bool excludeSeen = booleanOf(object.Get("excludeSeen"), "parts.excludeSeen");
  Parts parts = partsFrom(object);
  if (parts.popularity.size() != items) refuse("parts.popularity", "a Float32Array of one count for each item");
  return modelsObject(info.Env(), makeModels(std::move(parts.popularity), std::move(parts.rules),
                                             std::move(parts.factors), attention, blend, excludeSeen));
}

Napi::Value rankCasesJob(Arguments info) {
  const RankOptions options = rankOptionsOf(info[2]);
  // Rows that the models do not know are no mistake here: they have no votes, and as targets they are missed.
  auto cases = std::make_shared<const Cases>(casesOf(info[1], "cases", kNoRow));
  if (options.k > 0 && cases->count() > kMaxTop / options.k) refuse("options.k", "smaller for so many cases");
  const Napi::Value onProgress = objectOf(info[2], "options").Get("onProgress");
  const auto work = [models = unwrapHandle<const ModelSet>(info[0], kModelsTag, "models"), cases,
                     options](JobContext& context) {
    JobControl control(context);
    std::vector<uint32_t> all(cases->count());
    std::iota(all.begin(), all.end(), 0u);
    control.begin(static_cast<double>(all.size()));
    return rankCases(*models, *cases, all, options, control);
  };
  return startJob(info.Env(), work, onProgress, rankedObject);
}

template <Napi::Value (*fn)(Arguments)>
Napi::Value guarded(Arguments info) {
  return guard(info.Env(), [&] { return fn(info); });
}

}  // namespace

Napi::Object makeLearning(Napi::Env env) {
  Napi::Object learning = Napi::Object::New(env);
  learning.Set("createDataset", Napi::Function::New<guarded<createDataset>>(env, "createDataset"));
  learning.Set("learnRules", Napi::Function::New<guarded<learnRulesJob>>(env, "learnRules"));
  learning.Set("fitRules", Napi::Function::New<guarded<fitRulesJob>>(env, "fitRules"));
  learning.Set("learnFactors", Napi::Function::New<guarded<learnFactorsJob>>(env, "learnFactors"));
  learning.Set("fitFactors", Napi::Function::New<guarded<fitFactorsJob>>(env, "fitFactors"));
  learning.Set("learnBlend", Napi::Function::New<guarded<learnBlendJob>>(env, "learnBlend"));
  learning.Set("rulesFromTensors", Napi::Function::New<guarded<rulesFromTensors>>(env, "rulesFromTensors"));
  learning.Set("factorsFromTensors", Napi::Function::New<guarded<factorsFromTensors>>(env, "factorsFromTensors"));
  learning.Set("createModels", Napi::Function::New<guarded<createModels>>(env, "createModels"));
  learning.Set("rankCases", Napi::Function::New<guarded<rankCasesJob>>(env, "rankCases"));
  return learning;
}

}  // namespace kairank
