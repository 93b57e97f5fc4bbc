#include "vector_parse.h"

#include <chrono>
#include <cmath>
#include <string>
#include <string_view>

#include "../pipeline/cores.h"
#include "../vector/fit.h"
#include "parse.h"
#include "typed.h"

namespace kairank {

namespace {

constexpr uint32_t kMaxSeed = 0xFFFFFFFFu;

Metric metricOf(std::string_view word) {
  if (word == "dot") return Metric::dot;
  if (word == "cosine") return Metric::cosine;
  if (word == "l2") return Metric::l2;
  refuse("metric", "dot, cosine or l2");
}

Storage storageOf(std::string_view word) {
  if (word == "f32") return Storage::f32;
  if (word == "bf16") return Storage::bf16;
  if (word == "int8") return Storage::int8;
  refuse("storage", "f32, bf16 or int8");
}

Codes codesOf(std::string_view word, uint32_t dim) {
  if (word == "auto") return suitedCodes(dim);
  if (word == "int4") return Codes::int4;
  if (word == "int8") return Codes::int8;
  refuse("codes", "auto, int4 or int8");
}

/// What is wrong with a vector that an index cannot take.
std::string faultOf(const float* vector, uint32_t dim) {
  for (uint32_t d = 0; d < dim; d++) {
    if (std::isnan(vector[d])) return "NaN at [" + std::to_string(d) + "]";
    if (std::isinf(vector[d])) return "an infinity at [" + std::to_string(d) + "]";
  }
  return "larger";
}

std::vector<float> copied(const Span<float>& span, const char* name, uint32_t dim) {
  // The copy is what is checked: JavaScript may write into a shared buffer meanwhile.
  std::vector<float> vectors(span.data, span.data + span.size);
  const size_t count = vectors.size() / dim;
  const size_t unfit = firstUnfit(vectors.data(), count, dim);
  if (unfit < count) {
    refuse(elementName(name, static_cast<int64_t>(unfit)), kFitVector, faultOf(vectors.data() + unfit * dim, dim));
  }
  return vectors;
}

}  // namespace

IndexOptions indexOptionsOf(const Napi::Value& value) {
  const Napi::Object given = objectOf(value, "options");
  TextReader reader(value.Env());
  IndexOptions options;
  IndexSettings& settings = options.settings;
  settings.dim = static_cast<uint32_t>(wholeOf(given.Get("dim"), "dim", 1, kMaxDim));
  settings.metric = metricOf(reader.text(given.Get("metric"), "metric"));
  settings.storage = storageOf(reader.text(given.Get("storage"), "storage"));
  settings.codes = codesOf(reader.text(given.Get("codes"), "codes"), settings.dim);
  settings.graph = booleanOf(given.Get("graph"), "graph");
  settings.m = static_cast<uint32_t>(wholeOf(given.Get("m"), "m", 2, kMaxM));
  settings.efConstruction = static_cast<uint32_t>(wholeOf(given.Get("efConstruction"), "efConstruction", 1, kMaxEf));
  settings.seed = wholeOf(given.Get("seed"), "seed", 0, kMaxSeed);
  options.stringIds = booleanOf(given.Get("strings"), "strings");
  options.queueLimit = queueLimitOf(given.Get("queueLimit"));
  return options;
}

KeyList keysOf(const Napi::Value& value, bool strings) {
  KeyList keys;
  keys.strings = strings;
  if (!strings) {
    const Span<double> span = spanOf<double>(value, "ids");
    keys.numbers.assign(span.data, span.data + span.size);
    for (size_t i = 0; i < keys.numbers.size(); i++) {
      if (!std::isfinite(keys.numbers[i])) refuse(elementName("ids", static_cast<int64_t>(i)), "a finite number");
    }
    return keys;
  }
  const ArrayReader given(value, "ids");
  TextReader reader(value.Env());
  for (uint32_t i = 0; i < given.size(); i++) keys.texts.emplace_back(reader.id(given[i], "ids", i));
  return keys;
}

KeyList keyOf(const Napi::Value& value, bool strings) {
  KeyList key;
  key.strings = strings;
  if (strings) {
    TextReader reader(value.Env());
    key.texts.emplace_back(reader.id(value, "id"));
  } else {
    key.numbers.push_back(
        numberOf(value, "id", -std::numeric_limits<double>::max(), std::numeric_limits<double>::max()));
  }
  return key;
}

std::vector<float> vectorsOf(const Napi::Value& value, const char* name, uint32_t dim, size_t count) {
  return copied(spanOf<float>(value, name, product(count, dim, name)), name, dim);
}

std::vector<float> vectorsOf(const Napi::Value& value, const char* name, uint32_t dim) {
  const Span<float> span = spanOf<float>(value, name);
  if (span.size % dim != 0) {
    refuse(name, "a Float32Array of n x " + std::to_string(dim) + " elements", std::to_string(span.size));
  }
  return copied(span, name, dim);
}

size_t queueLimitOf(const Napi::Value& value) { return wholeOf(value, "queueLimit", 1, kMaxCandidates); }

std::string pathTextOf(const Napi::Value& value) {
  TextReader reader(value.Env());
  const std::string_view path = reader.text(value, "path");
  if (path.empty() || path.find('\0') != std::string_view::npos) refuse("path", "a string without NUL, not empty");
  return std::string(path);
}

SearchPath pathOf(const Napi::Value& value) {
  TextReader reader(value.Env());
  const std::string_view word = reader.text(value, "index");
  if (word == "auto") return SearchPath::automatic;
  if (word == "exact") return SearchPath::exact;
  if (word == "graph") return SearchPath::graph;
  refuse("index", "auto, exact or graph");
}

uint32_t threadsOf(const Napi::Value& value) {
  const uint32_t threads = static_cast<uint32_t>(wholeOf(value, "threads", 0, kMaxThreads));
  return threads == 0 ? allowedCores() : threads;
}

void readDeadline(const Napi::Value& value, bool& has, Interrupt::Clock::time_point& deadline) {
  const double millis = numberOf(value, "deadline", 0, kMaxWait);
  has = millis > 0;
  if (!has) return;
  deadline = Interrupt::Clock::now() +
             std::chrono::duration_cast<Interrupt::Clock::duration>(std::chrono::duration<double, std::milli>(millis));
}

}  // namespace kairank
