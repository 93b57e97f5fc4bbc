// What JavaScript hands to the sequence model's learner, and models that come back from a bundle.

#include <algorithm>

#include "parse_learning.h"
#include "parse_settings.h"

namespace kairank {

SequenceSettings sequenceSettingsOf(const Napi::Value& value) {
  using S = SequenceSettings;
  return namedSettings<S>(value,
                          {{"dim", &S::dim},
                           {"blocks", &S::blocks},
                           {"heads", &S::heads},
                           {"hidden", &S::hidden},
                           {"window", &S::window},
                           {"negatives", &S::negatives},
                           {"batch", &S::batch},
                           {"epochs", &S::epochs},
                           {"until", &S::until}},
                          {{"dropout", &S::dropout},
                           {"rate", &S::rate},
                           {"decay", &S::decay},
                           {"smoothing", &S::smoothing},
                           {"cosine", &S::cosine},
                           {"pooled", &S::pooled}});
}

SequenceRun sequenceRunOf(const Napi::Value& value, Napi::Value& onProgress) {
  const Napi::Object object = objectOf(value, "options");
  SequenceRun out;
  out.seed = wholeOf(object.Get("seed"), "options.seed", 0, kMaxSeed);
  out.threads = wholeUpTo(object, "threads", "options", 1, kMaxThreads);
  out.excludeSeen = booleanOf(object.Get("excludeSeen"), "options.excludeSeen");
  out.budget = numberOf(object.Get("budget"), "options.budget", 0, kMaxBudget);
  const Napi::Value checkpoint = object.Get("checkpoint");
  if (!isNone(checkpoint)) {
    TextReader reader(value.Env());
    out.checkpoint = reader.text(checkpoint, "options.checkpoint");
    if (out.checkpoint.find('\0') != std::string::npos) refuse("options.checkpoint", "a path without NUL");
  }
  onProgress = object.Get("onProgress");
  return out;
}

std::shared_ptr<const SequenceModel> sequenceOf(uint32_t items, const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "tensors");
  const Napi::Object shape = objectOf(object.Get("config"), "tensors.config");
  const Napi::Object tensors = objectOf(object.Get("tensors"), "tensors.tensors");
  const auto whole = [&](const char* name, size_t most) { return wholeUpTo(shape, name, "tensors.config", 0, most); };
  auto model = std::make_shared<SequenceModel>();
  SequenceConfig& config = model->config;
  config.items = items;
  config.dim = whole("dim", kMaxDim);
  config.blocks = whole("blocks", 64);
  config.heads = whole("heads", kMaxHeads);
  config.hidden = whole("hidden", 4 * kMaxDim);
  config.window = whole("window", kMaxAttended);
  config.gaps = whole("gaps", 64);
  config.cosine = static_cast<float>(numberOf(shape.Get("cosine"), "tensors.config.cosine", 0, 1000));
  config.pooled = booleanOf(shape.Get("pooled"), "tensors.config.pooled");
  const Span<uint32_t> kinds = spanOf<uint32_t>(shape.Get("kinds"), "tensors.config.kinds");
  config.kinds.assign(kinds.data, kinds.data + kinds.size);
  checkConfig(config);
  const SequenceLayout layout(config);
  const auto tensorOf = [&](const SequenceTensor& tensor) {
    const std::string name = "tensors.tensors[\"" + tensor.name + "\"]";
    return spanOf<float>(tensors.Get(tensor.name), name, product(tensor.rows, tensor.columns, name));
  };
  // All sizes before the room for them: what a config claims may be more than there is.
  for (const SequenceTensor& tensor : layout.tensors) tensorOf(tensor);
  model->weights.resize(layout.size);
  for (const SequenceTensor& tensor : layout.tensors) {
    const Span<float> data = tensorOf(tensor);
    std::copy_n(data.data, data.size, model->weights.begin() + tensor.offset);
  }
  checkSequence(*model);
  return model;
}

}  // namespace kairank
