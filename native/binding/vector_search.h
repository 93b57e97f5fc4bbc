#pragma once
// Searches of NativeIndex: what is asked, and what is found as JavaScript.

#include <napi.h>

#include <memory>
#include <vector>

#include "../pipeline/index_lane.h"
#include "promised.h"

namespace kairank {

/// NativeHits: all results of all queries, one after another.
Napi::Object hitsObject(Napi::Env env, const std::vector<SearchHits>& hits, bool strings);

/// A set of ids of one index, until it is closed.
struct SelectionHandle {
  std::shared_ptr<Selection> selection;
  std::weak_ptr<const VectorIndex> owner;
};

/// A NativeSelection.
Napi::Object selectionObject(Napi::Env env, std::shared_ptr<SelectionHandle> handle);

/// A search with its promise.
class SearchCall final : public Promised<IndexSearch> {
 public:
  SearchCall(Napi::Env env, bool strings) : Promised<IndexSearch>(env), strings_(strings) {}

 private:
  Napi::Value reply(Napi::Env env) const override { return hitsObject(env, hits, strings_); }

  const bool strings_;
};

/// Fills in what search(queries, k, path, efSearch, recall, selection, threads, deadline) asks of `index`.
void readSearch(const Napi::CallbackInfo& info, const std::shared_ptr<const VectorIndex>& index, IndexSearch& search);

}  // namespace kairank
