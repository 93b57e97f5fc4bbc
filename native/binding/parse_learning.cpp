#include "parse_learning.h"

#include "parse_settings.h"

namespace kairank {

Histories historiesOf(const Napi::Value& value, const std::string& name, uint32_t items) {
  const Napi::Object object = objectOf(value, name);
  const Napi::Value offsets = object.Get("offsets");
  const Napi::Value rows = object.Get("rows");
  const Napi::Value types = object.Get("types");
  const Napi::Value weights = object.Get("weights");
  const Napi::Value times = object.Get("times");
  Histories out;
  out.offsets = offsetsOf(offsets, name + ".offsets");
  const Span<uint32_t> row = spanOf<uint32_t>(rows, name + ".rows");
  const Span<uint16_t> type = spanOf<uint16_t>(types, name + ".types", row.size);
  const Span<float> weight = spanOf<float>(weights, name + ".weights", row.size);
  const Span<double> time = spanOf<double>(times, name + ".times", row.size);
  out.events.resize(row.size);
  for (size_t i = 0; i < row.size; i++) {
    out.events[i] = {row.data[i], type.data[i], 0, weight.data[i], time.data[i]};
  }
  checkHistories(out, items);
  return out;
}

Cases casesOf(const Napi::Value& value, const std::string& name, uint32_t items) {
  const Napi::Object object = objectOf(value, name);
  const Napi::Value histories = object.Get("histories");
  const Napi::Value offsets = object.Get("targetOffsets");
  const Napi::Value targets = object.Get("targets");
  Cases out;
  out.histories = historiesOf(histories, name + ".histories", items);
  out.targetOffsets = offsetsOf(offsets, name + ".targetOffsets");
  out.targets = vectorOf<uint32_t>(targets, name + ".targets");
  const Napi::Value weights = object.Get("weights");
  if (!isNone(weights)) out.weights = vectorOf<float>(weights, name + ".weights");
  checkCases(out, items);
  return out;
}

ShownLists listsOf(const Napi::Value& value, const std::string& name, uint32_t items) {
  const Napi::Object object = objectOf(value, name);
  const Napi::Value histories = object.Get("histories");
  const Napi::Value offsets = object.Get("offsets");
  const Napi::Value rows = object.Get("rows");
  const Napi::Value positions = object.Get("positions");
  const Napi::Value gains = object.Get("gains");
  ShownLists out;
  out.histories = historiesOf(histories, name + ".histories", items);
  out.offsets = offsetsOf(offsets, name + ".offsets");
  out.rows = vectorOf<uint32_t>(rows, name + ".rows");
  out.positions = vectorOf<uint32_t>(positions, name + ".positions");
  out.gains = vectorOf<float>(gains, name + ".gains");
  checkLists(out, items);
  return out;
}

LearnOptions learnOptionsOf(const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "options");
  LearnOptions out;
  out.seed = wholeOf(object.Get("seed"), "options.seed", 0, kMaxSeed);
  out.threads = wholeUpTo(object, "threads", "options", 1, kMaxThreads);
  out.excludeSeen = booleanOf(object.Get("excludeSeen"), "options.excludeSeen");
  out.onProgress = object.Get("onProgress");
  return out;
}

FactorSearch factorSearchOf(const Napi::Value& value, const LearnOptions& options) {
  const Napi::Object object = objectOf(value, "options");
  FactorSearch out;
  out.excludeSeen = options.excludeSeen;
  out.seed = options.seed;
  out.threads = options.threads;
  out.maxDim = wholeUpTo(object, "maxDim", "options", 1, kMaxDim);
  out.budget = numberOf(object.Get("budget"), "options.budget", 0, kMaxBudget);
  return out;
}

BlendOptions blendOptionsOf(const Napi::Value& value, Napi::Value& onProgress) {
  const Napi::Object object = objectOf(value, "options");
  BlendOptions out;
  out.seed = wholeOf(object.Get("seed"), "options.seed", 0, kMaxSeed);
  out.threads = wholeUpTo(object, "threads", "options", 1, kMaxThreads);
  out.candidates = wholeUpTo(object, "candidates", "options", 1, kMaxCandidates);
  const Napi::Value excludeSeen = object.Get("excludeSeen");
  if (!isNone(excludeSeen)) out.excludeSeen = booleanOf(excludeSeen, "options.excludeSeen");
  onProgress = object.Get("onProgress");
  return out;
}

RankOptions rankOptionsOf(const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "options");
  const Napi::Value model = object.Get("model");
  const std::string name = model.IsString() ? model.As<Napi::String>().Utf8Value() : "";
  RankOptions out;
  if (name == "engine") {
    out.model = RankedBy::engine;
  } else if (name == "rules") {
    out.model = RankedBy::rules;
  } else if (name == "factors") {
    out.model = RankedBy::factors;
  } else if (name == "attention") {
    out.model = RankedBy::attention;
  } else if (name == "popularity") {
    out.model = RankedBy::popularity;
  } else if (name == "sequence") {
    out.model = RankedBy::sequence;
  } else if (name == "sessions") {
    out.model = RankedBy::sessions;
  } else if (name == "content") {
    out.model = RankedBy::content;
  } else {
    refuse("options.model",
           "\"engine\", \"rules\", \"factors\", \"attention\", \"popularity\", \"sequence\", \"sessions\" or "
           "\"content\"");
  }
  out.excludeSeen = booleanOf(object.Get("excludeSeen"), "options.excludeSeen");
  out.candidates = wholeUpTo(object, "candidates", "options", 1, kMaxCandidates);
  out.k = wholeUpTo(object, "k", "options", 0, kMaxK);
  out.threads = wholeUpTo(object, "threads", "options", 1, kMaxThreads);
  const Napi::Value within = object.Get("within");
  if (!isNone(within)) out.within = vectorOf<uint32_t>(within, "options.within");
  return out;
}

RuleSettings ruleSettingsOf(const Napi::Value& value) {
  using S = RuleSettings;
  return namedSettings<S>(value, {},
                          {{"window", &S::window},
                           {"power", &S::power},
                           {"back", &S::back},
                           {"alpha", &S::alpha},
                           {"beta", &S::beta},
                           {"ageing", &S::ageing},
                           {"decay", &S::decay}});
}

FactorSettings factorSettingsOf(const Napi::Value& value) {
  using S = FactorSettings;
  return namedSettings<S>(
      value, {{"dim", &S::dim}, {"epochs", &S::epochs}},
      {{"regularisation", &S::regularisation}, {"alpha0", &S::alpha0}, {"nu", &S::nu}, {"decay", &S::decay}});
}

SessionSettings sessionSettingsOf(const Napi::Value& value) {
  using S = SessionSettings;
  return namedSettings<S>(value, {},
                          {{"decay", &S::decay},
                           {"ageing", &S::ageing},
                           {"distance", &S::distance},
                           {"back", &S::back},
                           {"rarity", &S::rarity},
                           {"neighbours", &S::neighbours}});
}

std::shared_ptr<const SessionsModel> sessionsOf(uint32_t items, const Napi::Value& tensors) {
  const Napi::Object object = objectOf(tensors, "tensors");
  const Napi::Value offsets = object.Get("offsets");
  const Napi::Value rows = object.Get("rows");
  const auto number = [&](const char* name, double most) {
    return static_cast<float>(numberOf(object.Get(name), std::string("tensors.") + name, 0, most));
  };
  auto model = std::make_shared<SessionsModel>();
  model->items = items;
  model->decay = number("decay", 1);
  model->ageing = number("ageing", 1e6);
  model->distance = number("distance", 1e6);
  model->back = number("back", 1);
  model->rarity = number("rarity", 2);
  model->neighbours = wholeUpTo(object, "neighbours", "tensors", 1, kMaxK);
  model->maxEvents = wholeUpTo(object, "maxEvents", "tensors", 1, 0x7FFFFFFF);
  model->offsets = offsetsOf(offsets, "tensors.offsets");
  model->rows = vectorOf<uint32_t>(rows, "tensors.rows");
  completeSessions(*model);
  return model;
}

std::shared_ptr<const RulesModel> rulesOf(uint32_t items, const Napi::Value& tensors) {
  const Napi::Object object = objectOf(tensors, "tensors");
  const Napi::Value offsets = object.Get("offsets");
  const Napi::Value columns = object.Get("columns");
  const Napi::Value values = object.Get("values");
  auto model = std::make_shared<RulesModel>();
  model->items = items;
  model->decay = static_cast<float>(numberOf(object.Get("decay"), "tensors.decay", 0, 1));
  model->maxEvents = wholeUpTo(object, "maxEvents", "tensors", 1, 0x7FFFFFFF);
  model->offsets = offsetsOf(offsets, "tensors.offsets");
  model->columns = vectorOf<uint32_t>(columns, "tensors.columns");
  model->values = vectorOf<float>(values, "tensors.values");
  checkRules(*model);
  return model;
}

std::shared_ptr<const FactorsModel> factorsOf(uint32_t items, const Napi::Value& tensors) {
  const Napi::Object object = objectOf(tensors, "tensors");
  const Napi::Value factors = object.Get("factors");
  const Napi::Value gram = object.Get("gram");
  const Napi::Value userGram = object.Get("userGram");
  auto model = std::make_shared<FactorsModel>();
  model->items = items;
  model->dim = wholeUpTo(object, "dim", "tensors", 1, kMaxDim);
  model->users = wholeUpTo(object, "users", "tensors", 0, kMaxRows);
  model->regularisation = static_cast<float>(numberOf(object.Get("regularisation"), "tensors.regularisation", 0, 1e30));
  model->alpha0 = static_cast<float>(numberOf(object.Get("alpha0"), "tensors.alpha0", 0, 1e30));
  model->nu = static_cast<float>(numberOf(object.Get("nu"), "tensors.nu", 0, 2));
  model->decay = static_cast<float>(numberOf(object.Get("decay"), "tensors.decay", 0, 1));
  model->maxEvents = wholeUpTo(object, "maxEvents", "tensors", 1, 0x7FFFFFFF);
  model->factors = copyOf<float>(factors, "tensors.factors", product(items, model->dim, "tensors.factors"));
  model->gram = copyOf<float>(gram, "tensors.gram", static_cast<size_t>(model->dim) * model->dim);
  model->userGram = copyOf<float>(userGram, "tensors.userGram", static_cast<size_t>(model->dim) * model->dim);
  completeFactors(*model);
  return model;
}

AttentionModel attentionOf(const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "attention");
  AttentionModel out;
  out.scale = static_cast<float>(numberOf(object.Get("scale"), "attention.scale", 0, 1e6));
  out.decay = static_cast<float>(numberOf(object.Get("decay"), "attention.decay", 0, 1));
  out.maxEvents = wholeUpTo(object, "maxEvents", "attention", 1, kMaxAttended);
  out.halfLife = static_cast<float>(numberOf(object.Get("halfLife"), "attention.halfLife", 0, 1e9));
  // Bundles that were written before it was learned do without.
  const Napi::Value returning = object.Get("returning");
  if (!isNone(returning)) out.returning = static_cast<float>(numberOf(returning, "attention.returning", 0, 10));
  return out;
}

Blend blendOf(const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "blend");
  Blend out;
  const ArrayReader weight(object.Get("weight"), "blend.weight", kSources);
  const ArrayReader missing(object.Get("missing"), "blend.missing", kSources);
  if (weight.size() != kSources || missing.size() != kSources) {
    refuse("blend.weight and blend.missing", "arrays of one number for each source");
  }
  for (uint32_t s = 0; s < kSources; s++) {
    const Napi::Value w(value.Env(), weight[s]);
    const Napi::Value m(value.Env(), missing[s]);
    out.weight[s] = static_cast<float>(numberOf(w, elementName("blend.weight", s), 0, 1e6));
    out.missing[s] = static_cast<float>(numberOf(m, elementName("blend.missing", s), 0, 1e6));
  }
  return out;
}

}  // namespace kairank
