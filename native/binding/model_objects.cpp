#include "model_objects.h"

#include "../recall/intent.h"
#include "attributes.h"
#include "errors.h"
#include "handles.h"
#include "parse.h"

namespace kairank {

namespace {

constexpr napi_type_tag kRulesTag = {0x6b6169726e6b5275u, 0x6c65730000000001u};
constexpr napi_type_tag kFactorsTag = {0x6b6169726e6b4661u, 0x63746f7273000001u};
constexpr napi_type_tag kSequenceTag = {0x6b6169726e6b5365u, 0x7175656e63650001u};
constexpr napi_type_tag kRankerTag = {0x6b6169726e6b5261u, 0x6e6b657200000001u};
constexpr napi_type_tag kContentTag = {0x6b6169726e6b436fu, 0x6e74656e74000001u};
constexpr napi_type_tag kSessionsTag = {0x6b6169726e6b5365u, 0x7373696f6e730001u};

template <typename T>
int64_t bytesOf(const std::vector<T>& values) {
  return static_cast<int64_t>(values.size() * sizeof(T));
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
  object.Set("userGram", arrayOf<Napi::Float32Array>(env, model.userGram));
  object.Set("users", model.users);
  object.Set("regularisation", static_cast<double>(model.regularisation));
  object.Set("alpha0", static_cast<double>(model.alpha0));
  object.Set("nu", static_cast<double>(model.nu));
  object.Set("decay", static_cast<double>(model.decay));
  object.Set("maxEvents", model.maxEvents);
  return object;
}

Napi::Value sessionTensors(Napi::Env env, const SessionsModel& model) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("offsets", arrayOf<Napi::Float64Array>(env, model.offsets));
  object.Set("rows", arrayOf<Napi::Uint32Array>(env, model.rows));
  object.Set("decay", static_cast<double>(model.decay));
  object.Set("ageing", static_cast<double>(model.ageing));
  object.Set("distance", static_cast<double>(model.distance));
  object.Set("back", static_cast<double>(model.back));
  object.Set("rarity", static_cast<double>(model.rarity));
  object.Set("neighbours", model.neighbours);
  object.Set("maxEvents", model.maxEvents);
  return object;
}

Napi::Value sequenceTensors(Napi::Env env, const SequenceModel& model) {
  const SequenceConfig& config = model.config;
  Napi::Object shape = Napi::Object::New(env);
  shape.Set("dim", config.dim);
  shape.Set("blocks", config.blocks);
  shape.Set("heads", config.heads);
  shape.Set("hidden", config.hidden);
  shape.Set("window", config.window);
  shape.Set("gaps", config.gaps);
  shape.Set("cosine", static_cast<double>(config.cosine));
  shape.Set("pooled", config.pooled);
  shape.Set("kinds", arrayOf<Napi::Uint32Array>(env, config.kinds));
  Napi::Object tensors = Napi::Object::New(env);
  for (const SequenceTensor& tensor : SequenceLayout(config).tensors) {
    Napi::Float32Array data = Napi::Float32Array::New(env, tensor.rows * tensor.columns);
    std::copy_n(model.weights.begin() + tensor.offset, data.ElementLength(), data.Data());
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("rows", static_cast<double>(tensor.rows));
    entry.Set("columns", static_cast<double>(tensor.columns));
    entry.Set("data", data);
    tensors.Set(tensor.name, entry);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("config", shape);
  object.Set("tensors", tensors);
  return object;
}

Napi::Value contentTensors(Napi::Env env, const ContentModel& model) {
  Napi::Array modalities = Napi::Array::New(env, model.modalities.size());
  for (uint32_t m = 0; m < model.modalities.size(); m++) {
    const ModalityModel& modality = model.modalities[m];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", modality.name);
    entry.Set("inputs", modality.inputs);
    entry.Set("features", arrayOf<Napi::Uint32Array>(env, modality.features));
    entry.Set("rarity", arrayOf<Napi::Float32Array>(env, modality.rarity));
    entry.Set("table", arrayOf<Napi::Float32Array>(env, modality.table));
    entry.Set("attention", arrayOf<Napi::Float32Array>(env, modality.attention));
    entry.Set("bias", static_cast<double>(modality.bias));
    modalities.Set(m, entry);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("dim", model.dim);
  object.Set("modalities", modalities);
  object.Set("vectors", arrayOf<Napi::Float32Array>(env, model.vectors));
  object.Set("behaviour", arrayOf<Napi::Float32Array>(env, model.behaviour));
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

}  // namespace

Napi::Object rulesObject(Napi::Env env, std::shared_ptr<const RulesModel> model) {
  const int64_t bytes = bytesOf(model->offsets) + bytesOf(model->columns) + bytesOf(model->values);
  return modelObject<RulesModel>(env, std::move(model), kRulesTag, bytes, "tensors", ruleTensors);
}

Napi::Object factorsObject(Napi::Env env, std::shared_ptr<const FactorsModel> model) {
  const int64_t bytes = bytesOf(model->factors) + bytesOf(model->gram);
  return modelObject<FactorsModel>(env, std::move(model), kFactorsTag, bytes, "tensors", factorTensors);
}

Napi::Object sequenceObject(Napi::Env env, std::shared_ptr<const SequenceModel> model) {
  const int64_t bytes = bytesOf(model->weights);
  return modelObject<SequenceModel>(env, std::move(model), kSequenceTag, bytes, "tensors", sequenceTensors);
}

Napi::Object sessionsObject(Napi::Env env, std::shared_ptr<const SessionsModel> model) {
  const int64_t bytes = bytesOf(model->offsets) + bytesOf(model->rows) + bytesOf(model->itemOffsets) +
                        bytesOf(model->itemSessions) + bytesOf(model->itemShare);
  return modelObject<SessionsModel>(env, std::move(model), kSessionsTag, bytes, "tensors", sessionTensors);
}

namespace {

Napi::Value rankerTensors(Napi::Env env, const RankerModel& model) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("inputs", model.inputs);
  object.Set("hidden", model.hidden);
  object.Set("narrow", model.narrow);
  object.Set("mean", arrayOf<Napi::Float32Array>(env, model.mean));
  object.Set("scale", arrayOf<Napi::Float32Array>(env, model.scale));
  object.Set("weights", arrayOf<Napi::Float32Array>(env, model.weights));
  object.Set("trust", static_cast<double>(model.trust));
  object.Set("slope", static_cast<double>(model.slope));
  object.Set("offset", static_cast<double>(model.offset));
  object.Set("depth", model.depth);
  return object;
}

}  // namespace

Napi::Object rankerObject(Napi::Env env, std::shared_ptr<const RankerModel> model) {
  const int64_t bytes = bytesOf(model->weights);
  return modelObject<RankerModel>(env, std::move(model), kRankerTag, bytes, "tensors", rankerTensors);
}

std::shared_ptr<const RankerModel> rankerOf(const Napi::Value& value, const char* name) {
  return unwrapHandle<const RankerModel>(value, kRankerTag, name);
}

Napi::Object contentObject(Napi::Env env, std::shared_ptr<const ContentModel> model) {
  int64_t bytes = bytesOf(model->vectors) + bytesOf(model->behaviour);
  for (const ModalityModel& modality : model->modalities) bytes += bytesOf(modality.table) + bytesOf(modality.features);
  return modelObject<ContentModel>(env, std::move(model), kContentTag, bytes, "tensors", contentTensors);
}

namespace {

Napi::Value partsObject(Napi::Env env, const ModelSet& models) {
  Napi::Object attention = Napi::Object::New(env);
  attention.Set("scale", static_cast<double>(models.attention.scale));
  attention.Set("decay", static_cast<double>(models.attention.decay));
  attention.Set("maxEvents", models.attention.maxEvents);
  attention.Set("halfLife", static_cast<double>(models.attention.halfLife));
  attention.Set("returning", static_cast<double>(models.attention.returning));
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
  parts.Set("sequence", models.intents ? Napi::Value(sequenceObject(env, models.intents->shared())) : env.Null());
  parts.Set("sessions", models.sessions ? Napi::Value(sessionsObject(env, models.sessions)) : env.Null());
  parts.Set("content", models.content ? Napi::Value(contentObject(env, models.content)) : env.Null());
  parts.Set("attributes", models.attributes ? Napi::Value(attributesObject(env, models.attributes)) : env.Null());
  parts.Set("popularity", arrayOf<Napi::Float32Array>(env, models.counts->popularity));
  parts.Set("recent", arrayOf<Napi::Float32Array>(env, models.counts->recent));
  parts.Set("returns", models.counts->returns.empty()
                           ? env.Null()
                           : Napi::Value(arrayOf<Napi::Float32Array>(env, models.counts->returns)));
  parts.Set("ranker", models.ranker ? Napi::Value(rankerObject(env, models.ranker)) : env.Null());
  parts.Set("attention", attention);
  parts.Set("blend", blend);
  parts.Set("excludeSeen", models.excludeSeen);
  return parts;
}

}  // namespace

Napi::Object modelsObject(Napi::Env env, std::shared_ptr<const ModelSet> models) {
  const uint32_t items = models->items;
  const int64_t bytes = bytesOf(models->counts->popularity) + bytesOf(models->counts->popular) +
                        (models->unitFactors ? bytesOf(*models->unitFactors) : 0);
  Napi::Object object = modelObject<ModelSet>(env, std::move(models), kModelsTag, bytes, "parts", partsObject);
  object.Set("items", items);
  return object;
}

ModelParts partsFrom(const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "parts");
  const Napi::Value rules = object.Get("rules");
  const Napi::Value factors = object.Get("factors");
  const Napi::Value sequence = object.Get("sequence");
  const Napi::Value sessions = object.Get("sessions");
  const Napi::Value content = object.Get("content");
  const Napi::Value popularity = object.Get("popularity");
  ModelParts parts;
  if (!isNone(content)) parts.content = unwrapHandle<const ContentModel>(content, kContentTag, "parts.content");
  if (!isNone(rules)) parts.rules = unwrapHandle<const RulesModel>(rules, kRulesTag, "parts.rules");
  if (!isNone(factors)) parts.factors = unwrapHandle<const FactorsModel>(factors, kFactorsTag, "parts.factors");
  if (!isNone(sequence)) parts.sequence = unwrapHandle<const SequenceModel>(sequence, kSequenceTag, "parts.sequence");
  if (!isNone(sessions)) parts.sessions = unwrapHandle<const SessionsModel>(sessions, kSessionsTag, "parts.sessions");
  const Napi::Value attributes = object.Get("attributes");
  if (!isNone(attributes)) parts.attributes = attributesOf(attributes, "parts.attributes");
  const Napi::Value ranker = object.Get("ranker");
  if (!isNone(ranker)) parts.ranker = rankerOf(ranker, "parts.ranker");
  const Napi::Value recent = object.Get("recent");
  if (!isNone(recent)) {
    const Span<float> span = spanOf<float>(recent, "parts.recent");
    parts.recent.assign(span.data, span.data + span.size);
  }
  const Napi::Value returns = object.Get("returns");
  if (!isNone(returns)) {
    const Span<float> span = spanOf<float>(returns, "parts.returns");
    parts.returns.assign(span.data, span.data + span.size);
  }
  const Span<float> counts = spanOf<float>(popularity, "parts.popularity");
  parts.popularity.assign(counts.data, counts.data + counts.size);
  return parts;
}

}  // namespace kairank
