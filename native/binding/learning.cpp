#include "learning.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "../learn/ranker/learn.h"
#include "../rank/ranker.h"
#include "attributes.h"
#include "content.h"
#include "errors.h"
#include "handles.h"
#include "jobs.h"
#include "learned_objects.h"
#include "model_objects.h"
#include "parse_learning.h"
#include "parse_settings.h"

namespace kairank {

namespace {

constexpr size_t kMaxTop = size_t{1} << 28;  // entries of all lists of one evaluation

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
  const size_t events = data->train.events.size() + data->validation.histories.events.size();
  const int64_t bytes = static_cast<int64_t>(events * sizeof(HistoryEvent));
  const uint32_t users = data->train.users();
  const uint32_t items = data->items;
  Napi::Object object = wrapHandle<const Dataset>(info.Env(), std::move(data), kDatasetTag, bytes);
  object.Set("items", items);
  object.Set("users", users);
  return object;
}

Napi::Value learnRulesJob(Arguments info) {
  const LearnOptions options = learnOptionsOf(info[1]);
  const bool sequential = booleanOf(objectOf(info[1], "options").Get("sequential"), "options.sequential");
  const auto work = [data = datasetOf(info[0]), excludeSeen = options.excludeSeen, seed = options.seed,
                     threads = options.threads,
                     kind = sequential ? RuleKind::sequential : RuleKind::items](JobContext& context) {
    JobControl control(context);
    return learnRules(*data, excludeSeen, seed, threads, control, kind);
  };
  return startJob(info.Env(), work, options.onProgress, [](Napi::Env env, const LearnedRules& learned) {
    return learnedObject(env, "rules", rulesObject(env, learned.rules), learned);
  });
}

Napi::Value fitRulesJob(Arguments info) {
  const RuleSettings settings = ruleSettingsOf(info[1]);
  const LearnOptions options = learnOptionsOf(info[2]);
  const auto work = [data = datasetOf(info[0]), settings, threads = options.threads](JobContext& context) {
    JobControl control(context);
    control.begin(1);
    std::shared_ptr<const RulesModel> rules =
        fitRules(RuleEvents(data->train, data->items), settings, threads, control);
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
  const FactorSearch search = factorSearchOf(info[1], options);
  const auto work = [data = datasetOf(info[0]), search](JobContext& context) {
    JobControl control(context);
    return learnFactors(*data, search, control);
  };
  return startJob(info.Env(), work, options.onProgress, [](Napi::Env env, const LearnedFactors& learned) {
    return learnedObject(env, "factors", factorsObject(env, learned.factors), learned);
  });
}

Napi::Value learnSessionsJob(Arguments info) {
  const LearnOptions options = learnOptionsOf(info[1]);
  const auto work = [data = datasetOf(info[0]), excludeSeen = options.excludeSeen, seed = options.seed,
                     threads = options.threads](JobContext& context) {
    JobControl control(context);
    return learnSessions(*data, excludeSeen, seed, threads, control);
  };
  return startJob(info.Env(), work, options.onProgress, [](Napi::Env env, const LearnedSessions& learned) {
    return learnedObject(env, "sessions", sessionsObject(env, learned.sessions), learned);
  });
}

Napi::Value fitSessionsJob(Arguments info) {
  const SessionSettings settings = sessionSettingsOf(info[1]);
  const LearnOptions options = learnOptionsOf(info[2]);
  const auto work = [data = datasetOf(info[0]), settings](JobContext& context) {
    JobControl control(context);
    control.begin(1);
    const std::shared_ptr<const SessionsModel> sessions = fitSessions(data->train, data->items, settings);
    control.finish();
    return sessions;
  };
  return startJob(info.Env(), work, options.onProgress,
                  [](Napi::Env env, const std::shared_ptr<const SessionsModel>& sessions) {
                    Napi::Object object = Napi::Object::New(env);
                    object.Set("sessions", sessionsObject(env, sessions));
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

Napi::Value reportObject(Napi::Env env, const SequenceReport& report) {
  Napi::Array epochs = Napi::Array::New(env, report.epochs.size());
  for (uint32_t i = 0; i < report.epochs.size(); i++) {
    const SequenceEpoch& epoch = report.epochs[i];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("loss", epoch.loss);
    entry.Set("ndcg", epoch.ndcg);
    entry.Set("recall", epoch.recall);
    entry.Set("seconds", epoch.seconds);
    entry.Set("products", epoch.products);
    epochs.Set(i, entry);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("epochs", epochs);
  object.Set("bestEpoch", report.bestEpoch);
  object.Set("negatives", report.negatives);
  object.Set("outOfTime", report.outOfTime);
  object.Set("resumed", report.resumed);
  return object;
}

Napi::Value learnSequenceJob(Arguments info) {
  const SequenceSettings settings = sequenceSettingsOf(info[1]);
  Napi::Value onProgress;
  const SequenceRun run = sequenceRunOf(info[2], onProgress);
  const auto work = [data = datasetOf(info[0]), settings, run](JobContext& context) {
    JobControl control(context);
    return learnSequence(*data, settings, run, control);
  };
  return startJob(info.Env(), work, onProgress, [](Napi::Env env, const LearnedSequence& learned) {
    Napi::Object object = learnedObject(env, "sequence", sequenceObject(env, learned.sequence), learned);
    object.Set("report", reportObject(env, learned.report));
    return object;
  });
}

Napi::Value learnBlendJob(Arguments info) {
  Napi::Value onProgress;
  const BlendOptions options = blendOptionsOf(info[2], onProgress);
  const auto work = [data = datasetOf(info[0]), parts = partsFrom(info[1]), options](JobContext& context) {
    JobControl control(context);
    return learnBlend(*data, parts, options, control);
  };
  return startJob(info.Env(), work, onProgress, [](Napi::Env env, const LearnedBlend& learned) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("models", modelsObject(env, learned.models));
    object.Set("trials", trialsArray(env, learned.trials));
    return object;
  });
}

Napi::Value rulesFromTensors(Arguments info) { return rulesObject(info.Env(), rulesOf(itemsOf(info[0]), info[1])); }

Napi::Value factorsFromTensors(Arguments info) {
  return factorsObject(info.Env(), factorsOf(itemsOf(info[0]), info[1]));
}

Napi::Value sessionsFromTensors(Arguments info) {
  return sessionsObject(info.Env(), sessionsOf(itemsOf(info[0]), info[1]));
}

Napi::Value sequenceFromTensors(Arguments info) {
  return sequenceObject(info.Env(), sequenceOf(itemsOf(info[0]), info[1]));
}

Napi::Value createModels(Arguments info) {
  const Napi::Object object = objectOf(info[0], "parts");
  const uint32_t items = itemsOf(object.Get("items"));
  ModelParts parts = partsFrom(object);
  parts.attention = attentionOf(object.Get("attention"));
  parts.blend = blendOf(object.Get("blend"));
  parts.excludeSeen = booleanOf(object.Get("excludeSeen"), "parts.excludeSeen");
  if (parts.popularity.size() != items) refuse("parts.popularity", "a Float32Array of one count for each item");
  return modelsObject(info.Env(), makeModels(std::move(parts)));
}

Napi::Value learnRankerJob(Arguments info) {
  const Napi::Object given = objectOf(info[4], "options");
  RankerSearch search;
  search.seed = wholeOf(given.Get("seed"), "options.seed", 0, kMaxSeed);
  search.threads = wholeUpTo(given, "threads", "options", 1, kMaxThreads);
  search.candidates = wholeUpTo(given, "candidates", "options", 1, kMaxCandidates);
  auto taught = std::make_shared<const Cases>(casesOf(info[1], "taught", kNoRow));
  auto choosing = std::make_shared<const Cases>(casesOf(info[3], "choosing", kNoRow));
  std::shared_ptr<const ShownLists> shown;
  const Napi::Value lists = given.Get("shown");
  if (!isNone(lists)) shown = std::make_shared<const ShownLists>(listsOf(lists, "options.shown", kNoRow));
  const auto work = [before = unwrapHandle<const ModelSet>(info[0], kModelsTag, "before"), taught, shown,
                     models = unwrapHandle<const ModelSet>(info[2], kModelsTag, "models"), choosing,
                     search](JobContext& context) {
    JobControl control(context);
    return learnRanker(*before, {*taught, shown.get()}, *models, *choosing, search, control);
  };
  return startJob(info.Env(), work, given.Get("onProgress"), [](Napi::Env env, const LearnedRanker& learned) {
    const auto quality = [&](const CaseQuality& one) {
      Napi::Object object = Napi::Object::New(env);
      object.Set("ndcg", one.ndcg);
      object.Set("recall", one.recall);
      return object;
    };
    Napi::Object object = Napi::Object::New(env);
    object.Set("ranker", learned.ranker ? Napi::Value(rankerObject(env, learned.ranker)) : env.Null());
    object.Set("settings", settingsObject(env, named(learned.settings)));
    object.Set("trials", trialsArray(env, learned.trials));
    object.Set("without", quality(learned.without));
    object.Set("with", quality(learned.with));
    object.Set("error", learned.error);
    object.Set("shown", learned.shown);
    return object;
  });
}

Napi::Value rankerFromTensors(Arguments info) {
  const Napi::Object object = objectOf(info[0], "tensors");
  auto model = std::make_shared<RankerModel>();
  model->inputs = wholeUpTo(object, "inputs", "tensors", 1, 4096);
  model->hidden = wholeUpTo(object, "hidden", "tensors", 1, 4096);
  model->narrow = wholeUpTo(object, "narrow", "tensors", 1, 4096);
  model->depth = wholeUpTo(object, "depth", "tensors", 1, kMaxCandidates);
  model->mean = vectorOf<float>(object.Get("mean"), "tensors.mean");
  model->scale = vectorOf<float>(object.Get("scale"), "tensors.scale");
  model->weights = vectorOf<float>(object.Get("weights"), "tensors.weights");
  const auto number = [&](const char* name) {
    return static_cast<float>(numberOf(object.Get(name), std::string("tensors.") + name, -1e30, 1e30));
  };
  model->trust = number("trust");
  model->slope = number("slope");
  model->offset = number("offset");
  checkRanker(*model);
  return rankerObject(info.Env(), std::move(model));
}

/// The group of each input of the ranker.
Napi::Value rankerGroups(Arguments info) {
  Napi::Array groups = Napi::Array::New(info.Env(), kRankerInputs);
  for (uint32_t input = 0; input < kRankerInputs; input++) {
    groups.Set(input, kInputGroupNames[static_cast<size_t>(inputGroup(input))]);
  }
  return groups;
}

/// The network alone, for benches and tests.
Napi::Value scoreRanker(Arguments info) {
  const std::shared_ptr<const RankerModel> ranker = rankerOf(info[0], "ranker");
  const Span<float> inputs = spanOf<float>(info[1], "inputs");
  const size_t rows = inputs.size / ranker->inputs;
  if (rows * ranker->inputs != inputs.size) refuse("inputs", "rows of as many numbers as the ranker has inputs");
  const Span<float> scores = spanOf<float>(info[2], "scores", rows);
  thread_local std::vector<float> copy, hidden;
  copy.assign(inputs.data, inputs.data + inputs.size);
  rankerScores(*ranker, copy.data(), rows, hidden, scores.data);
  return info.Env().Undefined();
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

}  // namespace

Napi::Object makeLearning(Napi::Env env) {
  Napi::Object learning = Napi::Object::New(env);
  learning.Set("createDataset", Napi::Function::New<guarded<createDataset>>(env, "createDataset"));
  learning.Set("learnRules", Napi::Function::New<guarded<learnRulesJob>>(env, "learnRules"));
  learning.Set("fitRules", Napi::Function::New<guarded<fitRulesJob>>(env, "fitRules"));
  learning.Set("learnFactors", Napi::Function::New<guarded<learnFactorsJob>>(env, "learnFactors"));
  learning.Set("fitFactors", Napi::Function::New<guarded<fitFactorsJob>>(env, "fitFactors"));
  learning.Set("learnSessions", Napi::Function::New<guarded<learnSessionsJob>>(env, "learnSessions"));
  learning.Set("fitSessions", Napi::Function::New<guarded<fitSessionsJob>>(env, "fitSessions"));
  learning.Set("learnSequence", Napi::Function::New<guarded<learnSequenceJob>>(env, "learnSequence"));
  learning.Set("learnBlend", Napi::Function::New<guarded<learnBlendJob>>(env, "learnBlend"));
  learning.Set("rulesFromTensors", Napi::Function::New<guarded<rulesFromTensors>>(env, "rulesFromTensors"));
  learning.Set("factorsFromTensors", Napi::Function::New<guarded<factorsFromTensors>>(env, "factorsFromTensors"));
  learning.Set("sessionsFromTensors", Napi::Function::New<guarded<sessionsFromTensors>>(env, "sessionsFromTensors"));
  learning.Set("sequenceFromTensors", Napi::Function::New<guarded<sequenceFromTensors>>(env, "sequenceFromTensors"));
  addContentLearning(env, learning);
  addAttributes(env, learning);
  learning.Set("learnRanker", Napi::Function::New<guarded<learnRankerJob>>(env, "learnRanker"));
  learning.Set("rankerGroups", Napi::Function::New<guarded<rankerGroups>>(env, "rankerGroups"));
  learning.Set("scoreRanker", Napi::Function::New<guarded<scoreRanker>>(env, "scoreRanker"));
  learning.Set("rankerFromTensors", Napi::Function::New<guarded<rankerFromTensors>>(env, "rankerFromTensors"));
  learning.Set("createModels", Napi::Function::New<guarded<createModels>>(env, "createModels"));
  learning.Set("rankCases", Napi::Function::New<guarded<rankCasesJob>>(env, "rankCases"));
  return learning;
}

}  // namespace kairank
