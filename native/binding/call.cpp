#include "call.h"

#include "numbers.h"

namespace kairank {

namespace {

void check(napi_env env, napi_status status) { NAPI_THROW_IF_FAILED_VOID(env, status); }

napi_value stringOf(napi_env env, const IdName& name) {
  napi_value string = nullptr;
  // Node takes Latin-1 as it is; UTF-8 it has to decode.
  check(env, name.ascii ? napi_create_string_latin1(env, name.data, name.length, &string)
                        : napi_create_string_utf8(env, name.data, name.length, &string));
  return string;
}

napi_value namesOf(napi_env env, const ItemIds& ids, const std::vector<uint32_t>& rows) {
  napi_value array = nullptr;
  check(env, napi_create_array_with_length(env, rows.size(), &array));
  for (uint32_t i = 0; i < rows.size(); ++i) {
    check(env, napi_set_element(env, array, i, stringOf(env, ids.name(rows[i]))));
  }
  return array;
}

}  // namespace

Napi::Value Call::reply(Napi::Env env) const {
  const ItemIds& ids = core->items;
  const size_t count = answer.rows.size();
  const size_t named = reasonEvents.size();
  Numbers numbers(env, count * (sizeof(double) + sizeof(uint32_t) + kSources * sizeof(float)) +
                           named * (sizeof(float) + sizeof(uint16_t)));
  napi_value reasonItems = nullptr;
  check(env, napi_create_array_with_length(env, named, &reasonItems));
  const Napi::String none = Napi::String::New(env, "");
  for (uint32_t i = 0; i < named; ++i) {
    const uint32_t row = reasonEvents[i].row;
    check(env, napi_set_element(env, reasonItems, i,
                                row == kNoRow ? static_cast<napi_value>(none) : stringOf(env, ids.name(row))));
  }
  napi_value refusedIds = nullptr;
  check(env, napi_create_array_with_length(env, unknown.size() + refused.size(), &refusedIds));
  uint32_t place = 0;
  for (const std::string& id : unknown)
    check(env, napi_set_element(env, refusedIds, place++, Napi::String::New(env, id)));
  for (uint32_t row : refused) check(env, napi_set_element(env, refusedIds, place++, stringOf(env, ids.name(row))));

  Napi::Object reply = Napi::Object::New(env);
  reply.Set("ids", namesOf(env, ids, answer.rows));
  reply.Set("scores", numbers.add<double>(napi_float64_array, count, [&](size_t i) { return answer.scores[i]; }));
  reply.Set("sources", numbers.add<uint32_t>(napi_uint32_array, count, [&](size_t i) { return answer.sources[i]; }));
  reply.Set("parts",
            numbers.add<float>(napi_float32_array, count * kSources, [&](size_t i) { return answer.parts[i]; }));
  reply.Set("reasonItems", reasonItems);
  reply.Set("reasonWeights",
            numbers.add<float>(napi_float32_array, named, [&](size_t i) { return answer.reasonWeights[i]; }));
  reply.Set("reasonTypes",
            numbers.add<uint16_t>(napi_uint16_array, named, [&](size_t i) { return reasonEvents[i].type; }));
  reply.Set("underfilled", answer.underfilled);
  reply.Set("skipped", answer.skipped);
  reply.Set("known", known);
  reply.Set("waited", waitedMicros);
  reply.Set("took", tookMicros);
  reply.Set("refused", refusedIds);
  return reply;
}

}  // namespace kairank
