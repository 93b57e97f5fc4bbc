#include "vector_search.h"

#include <algorithm>
#include <string>
#include <utility>

#include "handles.h"
#include "numbers.h"
#include "parse.h"
#include "vector_parse.h"

namespace kairank {

namespace {

constexpr napi_type_tag kSelectionTag = {0x6b6169726e6b5365u, 0x6c656374696f6e01u};

napi_value stringOf(napi_env env, const std::string& text) {
  // Node takes Latin-1 as it is; UTF-8 it has to decode.
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<signed char>(byte) >= 0; });
  napi_value string = nullptr;
  const napi_status status = ascii ? napi_create_string_latin1(env, text.data(), text.size(), &string)
                                   : napi_create_string_utf8(env, text.data(), text.size(), &string);
  NAPI_THROW_IF_FAILED(env, status, nullptr);
  return string;
}

napi_value textsOf(napi_env env, const std::vector<SearchHits>& hits, size_t total) {
  napi_value array = nullptr;
  napi_status status = napi_create_array_with_length(env, total, &array);
  NAPI_THROW_IF_FAILED(env, status, nullptr);
  uint32_t place = 0;
  for (const SearchHits& one : hits) {
    for (const std::string& text : one.texts) {
      status = napi_set_element(env, array, place++, stringOf(env, text));
      NAPI_THROW_IF_FAILED(env, status, nullptr);
    }
  }
  return array;
}

/// Gives the elements of `of(hits[0])`, `of(hits[1])` ... one after another.
template <typename Of>
auto inTurn(const std::vector<SearchHits>& hits, Of of) {
  return [&hits, of, query = size_t{0}, at = size_t{0}](size_t) mutable {
    while (at == of(hits[query]).size()) {
      query++;
      at = 0;
    }
    return of(hits[query])[at++];
  };
}

std::shared_ptr<const Selection> selectionOf(const Napi::Value& value,
                                             const std::shared_ptr<const VectorIndex>& index) {
  if (isNone(value)) return nullptr;
  const auto handle = unwrapHandle<SelectionHandle>(value, kSelectionTag, "filter");
  if (!handle->selection) throw Error(Status::closed, "filter: the selection is closed.");
  if (handle->owner.lock() != index) refuse("filter", "a selection of this index", "one of another");
  return handle->selection;
}

}  // namespace

Napi::Object hitsObject(Napi::Env env, const std::vector<SearchHits>& hits, bool strings) {
  size_t total = 0;
  for (const SearchHits& one : hits) total += one.scores.size();
  const size_t bytesAHit = sizeof(float) + (strings ? 0 : sizeof(double));
  Numbers numbers(env, total * bytesAHit + hits.size() * 2 * sizeof(uint32_t));
  Napi::Object object = Napi::Object::New(env);
  object.Set("ids", strings ? textsOf(env, hits, total)
                            : numbers.add<double>(napi_float64_array, total,
                                                  inTurn(hits, [](const SearchHits& one) -> const std::vector<double>& {
                                                    return one.numbers;
                                                  })));
  object.Set(
      "scores",
      numbers.add<float>(napi_float32_array, total,
                         inTurn(hits, [](const SearchHits& one) -> const std::vector<float>& { return one.scores; })));
  object.Set("counts", numbers.add<uint32_t>(napi_uint32_array, hits.size(),
                                             [&](size_t i) { return static_cast<uint32_t>(hits[i].scores.size()); }));
  object.Set("efs", numbers.add<uint32_t>(napi_uint32_array, hits.size(), [&](size_t i) {
    return hits[i].path == SearchPath::graph ? hits[i].ef : 0;
  }));
  return object;
}

Napi::Object selectionObject(Napi::Env env, std::shared_ptr<SelectionHandle> handle) {
  const int64_t bytes = static_cast<int64_t>(handle->selection->rows()) / 8;
  Napi::Object object = wrapHandle<SelectionHandle>(env, handle, kSelectionTag, bytes);
  object.Set("size", Napi::Function::New(
                         env,
                         [handle](const Napi::CallbackInfo& info) {
                           return guard(info.Env(), [&]() -> Napi::Value {
                             if (!handle->selection) throw Error(Status::closed, "The selection is closed.");
                             return Napi::Number::New(info.Env(), handle->selection->size());
                           });
                         },
                         "size"));
  object.Set("close", Napi::Function::New(
                          env, [handle](const Napi::CallbackInfo&) { handle->selection.reset(); }, "close"));
  return object;
}

void readSearch(const Napi::CallbackInfo& info, const std::shared_ptr<const VectorIndex>& index, IndexSearch& search) {
  SearchOptions& options = search.options;
  options.k = static_cast<uint32_t>(wholeOf(info[1], "k", 1, kMaxK));
  options.path = pathOf(info[2]);
  options.ef = static_cast<uint32_t>(wholeOf(info[3], "efSearch", 0, kMaxEf));
  options.recall = static_cast<float>(numberOf(info[4], "recall", 0, 1));
  options.selection = selectionOf(info[5], index);
  search.threads = threadsOf(info[6]);
  readDeadline(info[7], search.hasDeadline, search.deadline);
  const uint32_t dim = index->settings().dim;
  search.queries = vectorsOf(info[0], "queries", dim);
  search.count = search.queries.size() / dim;
  if (product(search.count, options.k, "k") > kMaxHits) {
    refuse("queries", "fewer for so large a k", std::to_string(search.count));
  }
}

}  // namespace kairank
