#pragma once
// The methods of NativeCore that move data: bulk input checked as a whole before anything changes, and copies out.

#include <napi.h>

#include "../pipeline/core.h"

namespace kairank {

void putItemsOf(Core& core, const Napi::Value& ids, const Napi::Value& keys, const Napi::Value& values);
void reserveItemsOf(Core& core, const Napi::Value& ids, const Napi::Value& keys);
Napi::Value removeItemsOf(Core& core, const Napi::Value& ids);

struct EventArguments {
  Napi::Value users;
  Napi::Value items;
  Napi::Value types;
  Napi::Value weights;
  Napi::Value times;
  Napi::Value requestIds;  // '' for an event that answers to no list; null: none does
};
/// Returns how many events name items that the models have no factors for.
size_t addEventsOf(Core& core, const EventArguments& given);

/// What came of feedback, and what was learned from it.
Napi::Value feedbackOf(Core& core, Napi::Env env);
Napi::Value feedbackStateOf(Core& core, Napi::Env env);
bool resumeFeedbackOf(Core& core, const Napi::Value& state);

/// Content of known items, one an id.
void putContentOf(Core& core, const Napi::Value& ids, const Napi::Value& modalities, const Napi::Value& attributes);
/// Durable keys of rows without content.
Napi::Value withoutContentOf(Core& core, Napi::Env env);

Napi::Value historyOf(Core& core, const Napi::Value& user, const Napi::Value& limit);
Napi::Value exportHistoriesOf(Core& core, Napi::Env env);
/// Rows of users in exportHistories, kNoRow for one without a history.
Napi::Value userRowsOf(Core& core, const Napi::Value& users);
Napi::Value exportKeysOf(Core& core, Napi::Env env);

}  // namespace kairank
