#include "hnswlib_graph.h"

#include <algorithm>
#include <vector>

#include "environment.h"
#include "handles.h"

namespace kairank {
namespace {

constexpr napi_type_tag kGraphTag = {0x6b6169726e6b486eu, 0x6772617068000001u};

uint64_t labelOf(const Napi::Value& value) { return wholeOf(value, "label", 0, kMaxU32); }

}  // namespace

Napi::Function GraphObject::define(Napi::Env env) {
  return DefineClass(env, "NativeLabelledGraph",
                     {
                         InstanceAccessor<&GraphObject::capacity>("capacity", napi_enumerable),
                         InstanceAccessor<&GraphObject::count>("count", napi_enumerable),
                         InstanceMethod<&GraphObject::add>("add"),
                         InstanceMethod<&GraphObject::markDeleted>("markDeleted"),
                         InstanceMethod<&GraphObject::unmarkDeleted>("unmarkDeleted"),
                         InstanceMethod<&GraphObject::resize>("resize"),
                         InstanceMethod<&GraphObject::search>("search"),
                         InstanceMethod<&GraphObject::labels>("labels"),
                         InstanceMethod<&GraphObject::point>("point"),
                         InstanceMethod<&GraphObject::write>("write"),
                         InstanceMethod<&GraphObject::writeSync>("writeSync"),
                     });
}

Napi::Object GraphObject::wrap(Napi::Env env, std::shared_ptr<HeldGraph> held) {
  Environment& environment = Environment::of(env);
  if (environment.labelledGraphClass.IsEmpty()) environment.labelledGraphClass = Napi::Persistent(define(env));
  return environment.labelledGraphClass.New({wrapHandle<HeldGraph>(env, std::move(held), kGraphTag)});
}

GraphObject::GraphObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<GraphObject>(info) {
  held_ = guard(info.Env(), [&] { return unwrapHandle<HeldGraph>(info[0], kGraphTag, "graph"); });
  memory_.tell(info.Env(), held_->read().bytes());
}

Napi::Value GraphObject::capacity(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(held_->read().capacity()));
}

Napi::Value GraphObject::count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), held_->read().size());
}

Napi::Value GraphObject::add(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const uint64_t label = labelOf(info[1]);
    const bool reuse = flagOf(info[2], "reuse");
    const Span<float> point = spanOf<float>(info[0], "point", held_->read().dim());
    held_->change().add(point.data, label, reuse);
    memory_.tell(info.Env(), held_->read().bytes());
    return info.Env().Undefined();
  });
}

Napi::Value GraphObject::markDeleted(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    held_->change().markDeleted(labelOf(info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value GraphObject::unmarkDeleted(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    held_->change().unmarkDeleted(labelOf(info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value GraphObject::resize(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    held_->change().resize(wholeOf(info[0], "capacity", 0, kMaxU32));
    return info.Env().Undefined();
  });
}

Napi::Value GraphObject::search(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const size_t k = wholeOf(info[1], "k", 0, kMaxU32);
    const size_t ef = wholeOf(info[2], "ef", 0, kMaxU32);
    const Span<float> query = spanOf<float>(info[0], "query", held_->read().dim());
    return searchWith(*held_, info[3],
                      [&](LabelFilter* filter) { return held_->read().search(query.data, k, ef, filter); });
  });
}

Napi::Value GraphObject::labels(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const std::vector<uint64_t> labels = held_->read().labels();
    Napi::Float64Array out = Napi::Float64Array::New(info.Env(), labels.size());
    for (size_t i = 0; i < labels.size(); ++i) out[i] = static_cast<double>(labels[i]);
    return out;
  });
}

Napi::Value GraphObject::point(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const std::vector<float> point = held_->read().point(labelOf(info[0]));
    Napi::Float32Array out = Napi::Float32Array::New(info.Env(), point.size());
    std::copy(point.begin(), point.end(), out.Data());
    return out;
  });
}

Napi::Value GraphObject::write(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value { return writeJob(info.Env(), held_, pathOf(info[0])); });
}

Napi::Value GraphObject::writeSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    writeFile(held_->read(), pathOf(info[0]));
    return info.Env().Undefined();
  });
}

}  // namespace kairank
