// A NativeRequest as the pool understands it: ids are rows, weights are in place, nothing is borrowed from JavaScript.

#include <algorithm>

#include "../pipeline/serve.h"
#include "content.h"
#include "parse.h"

namespace kairank {

namespace {

constexpr double kMaxDeadline = 1e9;
constexpr size_t kMaxNamed = size_t{1} << 20;  // reasons of one answer

RequestMode modeOf(std::string_view word) {
  if (word == "recommend") return RequestMode::recommend;
  if (word == "rank") return RequestMode::rank;
  if (word == "similar") return RequestMode::similar;
  refuse("mode", "recommend, rank or similar");
}

void readEvents(const Napi::Value& value, Request& request, TextReader& reader) {
  const Napi::Object events = objectOf(value, "events");
  const Napi::Value typesValue = events.Get("types");
  const Napi::Value timesValue = events.Get("times");
  const ArrayReader items(events.Get("items"), "events.items", kHistoryEvents);
  const Core& core = *request.core;
  request.events.reserve(items.size());
  for (uint32_t i = 0; i < items.size(); ++i) {
    const napi_value item = items[i];
    std::string_view id;
    if (!isNone(Napi::Value(value.Env(), item))) id = reader.optionalId(item, "events.items", i);
    request.events.push_back({id.empty() ? kNoRow : core.items.find(id), 0, 0, 0, 0});
  }
  const std::vector<uint16_t> types = copyOf<uint16_t>(typesValue, "events.types", items.size());
  const std::vector<double> times = copyOf<double>(timesValue, "events.times", items.size());
  for (uint32_t i = 0; i < items.size(); ++i) {
    if (types[i] >= core.settings().typeWeights.size()) refuse(elementName("events.types", i), "a known event type");
    if (!(std::abs(times[i]) <= kMaxTime)) refuse(elementName("events.times", i), "a time in milliseconds");
    request.events[i].type = types[i];
    request.events[i].weight = core.settings().typeWeights[types[i]];
    request.events[i].at = times[i];
  }
  std::stable_sort(request.events.begin(), request.events.end(),
                   [](const HistoryEvent& a, const HistoryEvent& b) { return a.at < b.at; });
}

void readShopper(const Napi::Object& given, Request& request, TextReader& reader) {
  const Napi::Value user = given.Get("user");
  const Napi::Value events = given.Get("events");
  if (request.mode == RequestMode::similar) {
    if (!isNone(user) || !isNone(events)) refuse("user and events", "null for similar");
    return;
  }
  if (!isNone(user) && !isNone(events)) refuse("user or events", "null: one of them says who asks");
  if (!isNone(user)) {
    request.hasUser = true;
    request.user = request.core->users.find(reader.id(user, "user"));
  } else if (!isNone(events)) {
    readEvents(events, request, reader);
  }
}

void readRanked(const Napi::Value& value, Request& request, TextReader& reader, std::vector<std::string>& unknown) {
  const ArrayReader items(value, "items", kMaxCandidates);
  request.given.reserve(items.size());
  for (uint32_t i = 0; i < items.size(); ++i) {
    const std::string_view id = reader.id(items[i], "items", i);
    const uint32_t row = request.core->items.find(id);
    if (row == kNoRow) {
      unknown.emplace_back(id);
    } else {
      request.given.push_back(row);
    }
  }
}

/// Words as the features of one item.
void readWords(const Napi::Value& value, Request& request) {
  auto words = std::make_shared<ContentFeatures>(contentOf(1, value));
  for (const Modality& modality : words->modalities) {
    if (modality.inputs > 0) refuse("words", "features, not vectors");
  }
  request.words = std::move(words);
}

/// The item itself speaks for what is like it, and is never shown.
void readSimilar(const Napi::Value& value, Request& request, TextReader& reader) {
  const ArrayReader items(value, "items", kMaxCandidates);
  if (items.size() == 0) refuse("items", "an array whose first element is the item");
  const std::string_view id = reader.id(items[0], "items", 0);
  const uint32_t row = request.core->items.find(id);
  if (row == kNoRow) throw Error(Status::notFound, "items[0]: there is no item \"" + std::string(id) + "\"");
  request.events.push_back({row, 0, 0, 1.0f, request.now});
  request.excluded.push_back(row);
}

}  // namespace

void readRequest(const Napi::Value& value, Request& request, std::vector<std::string>& unknown) {
  const Napi::Object given = objectOf(value, "request");
  TextReader reader(value.Env());
  request.mode = modeOf(reader.text(given.Get("mode"), "mode"));
  request.k = static_cast<uint32_t>(wholeOf(given.Get("k"), "k", 1, kMaxK));
  request.candidates = static_cast<uint32_t>(wholeOf(given.Get("candidates"), "candidates", 1, kMaxCandidates));
  request.reasons = static_cast<uint32_t>(wholeOf(given.Get("reasons"), "reasons", 0, kMaxReasons));
  if (product(request.k, request.reasons, "reasons") > kMaxNamed) refuse("reasons", "fewer for so long a list");
  request.now = numberOf(given.Get("now"), "now", -kMaxTime, kMaxTime);
  const Napi::Value excludeSeen = given.Get("excludeSeen");
  if (!isNone(excludeSeen)) request.excludeSeen = booleanOf(excludeSeen, "excludeSeen") ? 1 : 0;
  const double deadline = numberOf(given.Get("deadline"), "deadline", 0, kMaxDeadline);
  if (deadline > 0) {
    request.hasDeadline = true;
    request.deadline = Request::Clock::now() + std::chrono::duration_cast<Request::Clock::duration>(
                                                   std::chrono::duration<double, std::milli>(deadline));
  }
  const Napi::Value requestId = given.Get("requestId");
  if (!isNone(requestId)) request.noted = notedBy(reader.id(requestId, "requestId"));
  const Napi::Value exclude = given.Get("exclude");
  if (!isNone(exclude)) {
    const ArrayReader ids(exclude, "exclude", kMaxCandidates);
    for (uint32_t i = 0; i < ids.size(); ++i) {
      const uint32_t row = request.core->items.find(reader.id(ids[i], "exclude", i));
      if (row != kNoRow) request.excluded.push_back(row);
    }
  }
  readShopper(given, request, reader);
  const Napi::Value items = given.Get("items");
  const Napi::Value words = given.Get("words");
  if (!isNone(words) && (request.mode != RequestMode::similar || !isNone(items))) {
    refuse("words", "null, but for similar to no item");
  }
  if (request.mode == RequestMode::rank) {
    readRanked(items, request, reader, unknown);
  } else if (!isNone(words)) {
    readWords(words, request);
  } else if (request.mode == RequestMode::similar) {
    readSimilar(items, request, reader);
  } else if (!isNone(items)) {
    refuse("items", "null for recommend");
  }
  const Napi::Value filter = given.Get("filter");
  const double handle = numberOf(filter, "filter", -1, kMaxKey);
  if (handle == -1) return;
  request.filter = request.core->eligibility.filter(wholeOf(filter, "filter", 0, static_cast<size_t>(kMaxKey)));
}

}  // namespace kairank
