#include "content.h"

#include <memory>

#include "../learn/content/learn.h"
#include "errors.h"
#include "jobs.h"
#include "learned_objects.h"
#include "model_objects.h"
#include "parse_learning.h"
#include "parse_settings.h"

namespace kairank {

namespace {

constexpr napi_type_tag kContentDataTag = {0x6b6169726e6b436fu, 0x6e74446174610001u};

std::shared_ptr<const ContentFeatures> contentDataOf(const Napi::Value& value) {
  return unwrapHandle<const ContentFeatures>(value, kContentDataTag, "content");
}

TowerSettings towerSettingsOf(const Napi::Value& value) {
  using S = TowerSettings;
  return namedSettings<S>(value,
                          {{"dim", &S::dim}, {"epochs", &S::epochs}, {"batch", &S::batch}, {"samples", &S::samples}},
                          {{"rate", &S::rate},
                           {"behaviourRate", &S::behaviourRate},
                           {"attentionRate", &S::attentionRate},
                           {"dropout", &S::dropout},
                           {"decay", &S::decay}});
}

std::string nameOf(const Napi::Object& modality, const std::string& name) {
  TextReader reader(modality.Env());
  return std::string(reader.id(modality.Get("name"), (name + ".name").c_str()));
}

std::shared_ptr<const ContentModel> contentModelOf(uint32_t items, const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "tensors");
  auto model = std::make_shared<ContentModel>();
  model->items = items;
  model->dim = wholeUpTo(object, "dim", "tensors", 1, kMaxDim);
  model->decay = static_cast<float>(numberOf(object.Get("decay"), "tensors.decay", 0, 1));
  model->maxEvents = wholeUpTo(object, "maxEvents", "tensors", 1, 0x7FFFFFFF);
  model->vectors = vectorOf<float>(object.Get("vectors"), "tensors.vectors");
  model->behaviour = vectorOf<float>(object.Get("behaviour"), "tensors.behaviour");
  const ArrayReader modalities(object.Get("modalities"), "tensors.modalities");
  for (uint32_t m = 0; m < modalities.size(); m++) {
    const std::string name = "tensors.modalities[" + std::to_string(m) + "]";
    const Napi::Object entry = objectOf(Napi::Value(value.Env(), modalities[m]), name);
    ModalityModel& modality = model->modalities.emplace_back();
    modality.name = nameOf(entry, name);
    modality.inputs = wholeUpTo(entry, "inputs", name, 0, kMaxDim);
    modality.features = vectorOf<uint32_t>(entry.Get("features"), name + ".features");
    modality.rarity = vectorOf<float>(entry.Get("rarity"), name + ".rarity");
    modality.table = vectorOf<float>(entry.Get("table"), name + ".table");
    modality.attention = vectorOf<float>(entry.Get("attention"), name + ".attention");
    modality.bias = static_cast<float>(numberOf(entry.Get("bias"), name + ".bias", -1e30, 1e30));
  }
  checkContent(*model);
  return model;
}

Napi::Value createContent(Arguments info) {
  auto content = std::make_shared<ContentFeatures>(contentOf(itemsOf(info[0]), info[1]));
  int64_t bytes = 0;
  for (const Modality& modality : content->modalities) {
    bytes +=
        static_cast<int64_t>(modality.features.size() * 8 + modality.offsets.size() * 8 + modality.vectors.size() * 4);
  }
  return wrapHandle<const ContentFeatures>(info.Env(), std::move(content), kContentDataTag, bytes);
}

Napi::Value learnContentJob(Arguments info) {
  const Napi::Object given = objectOf(info[2], "options");
  ContentSearch search;
  search.seed = wholeOf(given.Get("seed"), "options.seed", 0, kMaxSeed);
  search.threads = wholeUpTo(given, "threads", "options", 1, kMaxThreads);
  const std::shared_ptr<const Dataset> data = datasetOf(info[0]);
  const Napi::Value newRows = given.Get("newRows");
  if (!isNone(newRows)) search.newRows = vectorOf<uint32_t>(newRows, "options.newRows");
  for (size_t i = 0; i < search.newRows.size(); i++) {
    if (search.newRows[i] >= data->items || (i > 0 && search.newRows[i] <= search.newRows[i - 1])) {
      refuse("options.newRows", "rows of the data set, rising");
    }
  }
  const auto work = [data, content = contentDataOf(info[1]), search](JobContext& context) {
    JobControl control(context);
    return learnContent(*data, *content, search, control);
  };
  return startJob(info.Env(), work, given.Get("onProgress"), [](Napi::Env env, const LearnedContent& learned) {
    if (!learned.content) return env.Null();
    return Napi::Value(learnedObject(env, "content", contentObject(env, learned.content), learned));
  });
}

Napi::Value fitContentJob(Arguments info) {
  const TowerSettings settings = towerSettingsOf(info[2]);
  const LearnOptions options = learnOptionsOf(info[3]);
  const auto work = [data = datasetOf(info[0]), content = contentDataOf(info[1]), settings, seed = options.seed,
                     threads = options.threads](JobContext& context) {
    JobControl control(context);
    control.begin(settings.epochs);
    return fitContent(*data, *content, settings, seed, threads, control);
  };
  return startJob(info.Env(), work, options.onProgress,
                  [](Napi::Env env, const std::shared_ptr<const ContentModel>& content) {
                    Napi::Object object = Napi::Object::New(env);
                    object.Set("content", content ? Napi::Value(contentObject(env, content)) : env.Null());
                    return object;
                  });
}

Napi::Value contentFromTensors(Arguments info) {
  return contentObject(info.Env(), contentModelOf(itemsOf(info[0]), info[1]));
}

}  // namespace

ContentFeatures contentOf(uint32_t items, const Napi::Value& value) {
  ContentFeatures content;
  content.items = items;
  const ArrayReader modalities(value, "modalities");
  for (uint32_t m = 0; m < modalities.size(); m++) {
    const std::string name = "modalities[" + std::to_string(m) + "]";
    const Napi::Object entry = objectOf(Napi::Value(value.Env(), modalities[m]), name);
    Modality& modality = content.modalities.emplace_back();
    modality.name = nameOf(entry, name);
    modality.inputs = wholeUpTo(entry, "inputs", name, 0, kMaxDim);
    modality.prior = static_cast<float>(numberOf(entry.Get("prior"), name + ".prior", 0, 1e6));
    if (modality.inputs > 0) {
      modality.vectors = vectorOf<float>(entry.Get("vectors"), name + ".vectors");
    } else {
      modality.offsets = offsetsOf(entry.Get("offsets"), name + ".offsets");
      modality.features = vectorOf<uint32_t>(entry.Get("features"), name + ".features");
      modality.weights = vectorOf<float>(entry.Get("weights"), name + ".weights");
    }
  }
  checkContent(content);
  return content;
}

void addContentLearning(Napi::Env env, Napi::Object learning) {
  learning.Set("createContent", Napi::Function::New<guarded<createContent>>(env, "createContent"));
  learning.Set("learnContent", Napi::Function::New<guarded<learnContentJob>>(env, "learnContent"));
  learning.Set("fitContent", Napi::Function::New<guarded<fitContentJob>>(env, "fitContent"));
  learning.Set("contentFromTensors", Napi::Function::New<guarded<contentFromTensors>>(env, "contentFromTensors"));
}

}  // namespace kairank
