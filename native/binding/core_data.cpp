#include "core_data.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "attributes.h"
#include "content.h"
#include "parse.h"

namespace kairank {

namespace {

/// Many ids in one block: the array of JavaScript may change while it is being read, this copy does not.
class IdList {
 public:
  IdList(const Napi::Value& value, const char* name, bool mayBeEmpty = false) {
    const ArrayReader given(value, name);
    TextReader reader(value.Env());
    for (uint32_t i = 0; i < given.size(); ++i) {
      bytes_ += mayBeEmpty ? reader.optionalId(given[i], name, i) : reader.id(given[i], name, i);
      ends_.push_back(bytes_.size());
    }
  }

  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t start = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(start, ends_[i] - start);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

std::vector<uint64_t> keysOf(const Napi::Value& value, size_t size) {
  const std::vector<double> given = copyOf<double>(value, "keys", size);
  std::vector<uint64_t> keys(size);
  for (size_t i = 0; i < size; ++i) {
    if (!(given[i] >= 0 && given[i] <= kMaxKey) || given[i] != std::floor(given[i])) {
      refuse(elementName("keys", static_cast<int64_t>(i)), "a whole number from 0 to 2^53 - 1");
    }
    keys[i] = static_cast<uint64_t>(given[i]);
  }
  return keys;
}

std::vector<uint32_t> internItems(Core& core, const IdList& ids, const std::vector<uint64_t>& keys) {
  std::vector<uint32_t> rows(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) rows[i] = core.items.intern(ids[i], keys[i]);
  return rows;
}

template <typename Array, typename T, typename Get>
Array arrayOf(Napi::Env env, const std::vector<T>& from, Get get) {
  Array array = Array::New(env, from.size());
  auto* out = array.Data();
  for (size_t i = 0; i < from.size(); ++i) out[i] = get(from[i]);
  return array;
}

void setEventColumns(Napi::Env env, Napi::Object out, const std::vector<HistoryEvent>& events) {
  out.Set("types", arrayOf<Napi::Uint16Array>(env, events, [](const HistoryEvent& event) { return event.type; }));
  out.Set("weights", arrayOf<Napi::Float32Array>(env, events, [](const HistoryEvent& event) { return event.weight; }));
  out.Set("times", arrayOf<Napi::Float64Array>(env, events, [](const HistoryEvent& event) { return event.at; }));
}

}  // namespace

void putItemsOf(Core& core, const Napi::Value& ids, const Napi::Value& keys, const Napi::Value& values) {
  const IdList given(ids, "ids");
  const ArrayReader items(values, "values");
  if (items.size() != given.size()) {
    refuse("values",
           "an array of " + std::to_string(given.size()) + ", one an id, not " + std::to_string(items.size()));
  }
  TextReader reader(values.Env());
  std::vector<Cell> cells;
  for (uint32_t i = 0; i < items.size(); ++i) {
    readCells(Napi::Value(values.Env(), items[i]), i, core.eligibility.columns(), reader, cells);
  }
  const std::vector<uint64_t> durable = keysOf(keys, given.size());
  core.eligibility.put(internItems(core, given, durable), cells);
}

void reserveItemsOf(Core& core, const Napi::Value& ids, const Napi::Value& keys) {
  const IdList given(ids, "ids");
  internItems(core, given, keysOf(keys, given.size()));
}

Napi::Value removeItemsOf(Core& core, const Napi::Value& ids) {
  const IdList given(ids, "ids");
  Napi::Uint8Array removed = Napi::Uint8Array::New(ids.Env(), given.size());
  for (size_t i = 0; i < given.size(); ++i) {
    const uint32_t row = core.items.find(given[i]);
    removed[i] = row != kNoRow && core.eligibility.remove(row) ? 1 : 0;
  }
  return removed;
}

size_t addEventsOf(Core& core, const EventArguments& given) {
  const IdList users(given.users, "users");
  const IdList items(given.items, "items", true);
  const size_t count = users.size();
  if (items.size() != count) refuse("items", "an array of " + std::to_string(count) + ", one a user");
  const std::vector<uint16_t> types = copyOf<uint16_t>(given.types, "types", count);
  const std::vector<float> weights = copyOf<float>(given.weights, "weights", count);
  const std::vector<double> times = copyOf<double>(given.times, "times", count);
  std::optional<IdList> requestIds;
  if (!isNone(given.requestIds)) {
    requestIds.emplace(given.requestIds, "requestIds", true);
    if (requestIds->size() != count) refuse("requestIds", "an array of " + std::to_string(count) + ", one a user");
  }
  for (size_t i = 0; i < count; ++i) {
    const int64_t index = static_cast<int64_t>(i);
    if (types[i] >= core.settings().typeWeights.size()) refuse(elementName("types", index), "a known event type");
    if (!(std::abs(weights[i]) <= kMaxWeight)) refuse(elementName("weights", index), "a finite weight");
    if (!(std::abs(times[i]) <= kMaxTime)) refuse(elementName("times", index), "a time in milliseconds");
  }
  std::vector<uint32_t> userRows(count);
  std::vector<HistoryEvent> events(count);
  for (size_t i = 0; i < count; ++i) {
    userRows[i] = core.users.intern(users[i]);
    const uint32_t row = items[i].empty() ? kNoRow : core.items.intern(items[i], 0);
    events[i] = {row, types[i], 0, weights[i], times[i]};
  }
  // One append a user: a late event then costs one rebuild of its history, however many came with it.
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return userRows[a] != userRows[b] ? userRows[a] < userRows[b] : events[a].at < events[b].at;
  });
  std::vector<HistoryEvent> own;
  size_t awaiting = 0;
  for (size_t first = 0; first < count;) {
    const uint32_t user = userRows[order[first]];
    own.clear();
    size_t next = first;
    for (; next < count && userRows[order[next]] == user; ++next) own.push_back(events[order[next]]);
    awaiting += core.append(user, own.data(), own.size());
    first = next;
  }
  for (size_t i = 0; requestIds && i < count; ++i) {
    const std::string_view request = (*requestIds)[i];
    if (request.empty() || events[i].row == kNoRow || events[i].weight == 0) continue;
    core.feedback.learn({notedBy(request), events[i].row, events[i].weight});
  }
  return awaiting;
}

Napi::Value feedbackOf(Core& core, Napi::Env env) {
  const FeedbackCounts counts = core.feedback.counts();
  Napi::Object out = Napi::Object::New(env);
  out.Set("learned", static_cast<double>(counts.learned));
  out.Set("missed", static_cast<double>(counts.missed));
  out.Set("rollbacks", static_cast<double>(counts.rollbacks));
  out.Set("drifts", static_cast<double>(counts.drifts));
  out.Set("choices", counts.insight.choices);
  out.Set("likelihood", counts.insight.learned);
  out.Set("likelihoodAsTrained", counts.insight.trained);
  return out;
}

Napi::Value feedbackStateOf(Core& core, Napi::Env env) {
  return arrayOf<Napi::Float32Array>(env, core.feedback.state(), [](float value) { return value; });
}

bool resumeFeedbackOf(Core& core, const Napi::Value& state) {
  if (!state.IsTypedArray()) refuse("state", "a Float32Array");
  return core.feedback.resume(copyOf<float>(state, "state", state.As<Napi::TypedArray>().ElementLength()));
}

void putContentOf(Core& core, const Napi::Value& ids, const Napi::Value& modalities, const Napi::Value& attributes) {
  const IdList given(ids, "ids");
  std::vector<uint32_t> rows(given.size());
  for (size_t i = 0; i < given.size(); ++i) {
    rows[i] = core.items.find(given[i]);
    if (rows[i] == kNoRow) refuse(elementName("ids", static_cast<int64_t>(i)), "an item that the core knows");
  }
  const auto count = static_cast<uint32_t>(given.size());
  if (!isNone(modalities)) core.putContent(contentOf(count, modalities), rows);
  if (!isNone(attributes)) core.putAttributes(attributeValuesOf(count, attributes), rows);
}

Napi::Value withoutContentOf(Core& core, Napi::Env env) {
  return arrayOf<Napi::Float64Array>(env, core.withoutContent(),
                                     [&](uint32_t row) { return static_cast<double>(core.items.key(row)); });
}

Napi::Value historyOf(Core& core, const Napi::Value& user, const Napi::Value& limit) {
  Napi::Env env = user.Env();
  TextReader reader(env);
  const uint32_t row = core.users.find(reader.id(user, "user"));
  const size_t most = wholeOf(limit, "limit", 0, 0xFFFFFFFFu);
  if (row == kNoRow) return env.Null();
  std::vector<HistoryEvent> events;
  core.histories.read(row, most, events);
  Napi::Array items = Napi::Array::New(env, events.size());
  for (uint32_t i = 0; i < events.size(); ++i) {
    const bool none = events[i].row == kNoRow;
    items.Set(i, none ? Napi::String::New(env, "")
                      : Napi::String::New(env, std::string(core.items.name(events[i].row).view())));
  }
  Napi::Object history = Napi::Object::New(env);
  history.Set("items", items);
  setEventColumns(env, history, events);
  return history;
}

Napi::Value userRowsOf(Core& core, const Napi::Value& users) {
  const IdList given(users, "users");
  Napi::Uint32Array rows = Napi::Uint32Array::New(users.Env(), given.size());
  for (size_t i = 0; i < given.size(); ++i) rows[i] = core.users.find(given[i]);
  return rows;
}

Napi::Value exportHistoriesOf(Core& core, Napi::Env env) {
  const Histories histories = core.histories.exportAll(core.users.size());
  Napi::Object out = Napi::Object::New(env);
  out.Set("offsets", arrayOf<Napi::Float64Array>(env, histories.offsets,
                                                 [](uint64_t offset) { return static_cast<double>(offset); }));
  out.Set("rows",
          arrayOf<Napi::Uint32Array>(env, histories.events, [](const HistoryEvent& event) { return event.row; }));
  setEventColumns(env, out, histories.events);
  return out;
}

Napi::Value exportKeysOf(Core& core, Napi::Env env) {
  const uint32_t rows = core.items.size();
  Napi::Float64Array keys = Napi::Float64Array::New(env, rows);
  for (uint32_t row = 0; row < rows; ++row) keys[row] = static_cast<double>(core.items.key(row));
  return keys;
}

}  // namespace kairank
