#include "hnswlib.h"

#include <memory>
#include <string>

#include "errors.h"
#include "hnswlib_graph.h"
#include "hnswlib_rows.h"
#include "jobs.h"
#include "typed.h"

namespace kairank {
namespace {

size_t dimOf(const Napi::Value& value) { return wholeOf(value, "dim", 0, kMaxU32); }

Napi::Value distance(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Space space = spaceOf(info[0]);
    const Span<float> a = spanOf<float>(info[1], "a");
    const Span<float> b = spanOf<float>(info[2], "b", a.size);
    return Napi::Number::New(info.Env(), Distance(space, a.size).between(a.data, b.data));
  });
}

Napi::Value createRows(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const size_t capacity = wholeOf(info[2], "capacity", 0, kMaxU32);
    return RowsObject::wrap(info.Env(), std::make_shared<HeldRows>(spaceOf(info[0]), dimOf(info[1]), capacity));
  });
}

std::shared_ptr<HeldRows> rowsFrom(Space space, size_t dim, const std::string& path) {
  FileReader reader(path);
  return std::make_shared<HeldRows>(space, dim, readHnswlibRows(reader, dim));
}

Napi::Value readRows(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    return startJob(
        info.Env(),
        [space = spaceOf(info[0]), dim = dimOf(info[1]), path = pathOf(info[2])](JobContext&) {
          return rowsFrom(space, dim, path);
        },
        info.Env().Undefined(),
        [](Napi::Env env, std::shared_ptr<HeldRows>& held) -> Napi::Value {
          return RowsObject::wrap(env, std::move(held));
        });
  });
}

Napi::Value readRowsSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    return RowsObject::wrap(info.Env(), rowsFrom(spaceOf(info[0]), dimOf(info[1]), pathOf(info[2])));
  });
}

Napi::Value createGraph(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    LabelledGraphSettings settings;
    settings.space = spaceOf(info[0]);
    settings.dim = dimOf(info[1]);
    settings.capacity = wholeOf(info[2], "capacity", 0, kMaxU32);
    settings.m = static_cast<uint32_t>(wholeOf(info[3], "m", 0, kMaxU32));
    settings.efConstruction = static_cast<uint32_t>(wholeOf(info[4], "efConstruction", 0, kMaxU32));
    settings.seed = static_cast<uint32_t>(wholeOf(info[5], "seed", 0, kMaxU32));
    settings.reuseDeleted = flagOf(info[6], "reuseDeleted");
    return GraphObject::wrap(info.Env(), std::make_shared<HeldGraph>(settings));
  });
}

std::shared_ptr<HeldGraph> graphFrom(Space space, size_t dim, const std::string& path, bool reuseDeleted) {
  FileReader reader(path);
  return std::make_shared<HeldGraph>(space, dim, reuseDeleted, readHnswlibGraph(reader, dim));
}

Napi::Value readGraph(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    return startJob(
        info.Env(),
        [space = spaceOf(info[0]), dim = dimOf(info[1]), path = pathOf(info[2]),
         reuse = flagOf(info[3], "reuseDeleted")](JobContext&) { return graphFrom(space, dim, path, reuse); },
        info.Env().Undefined(),
        [](Napi::Env env, std::shared_ptr<HeldGraph>& held) -> Napi::Value {
          return GraphObject::wrap(env, std::move(held));
        });
  });
}

Napi::Value readGraphSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const bool reuse = flagOf(info[3], "reuseDeleted");
    return GraphObject::wrap(info.Env(), graphFrom(spaceOf(info[0]), dimOf(info[1]), pathOf(info[2]), reuse));
  });
}

}  // namespace

Napi::Object makeHnswlib(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("distance", Napi::Function::New(env, distance, "distance"));
  object.Set("createRows", Napi::Function::New(env, createRows, "createRows"));
  object.Set("readRows", Napi::Function::New(env, readRows, "readRows"));
  object.Set("readRowsSync", Napi::Function::New(env, readRowsSync, "readRowsSync"));
  object.Set("createGraph", Napi::Function::New(env, createGraph, "createGraph"));
  object.Set("readGraph", Napi::Function::New(env, readGraph, "readGraph"));
  object.Set("readGraphSync", Napi::Function::New(env, readGraphSync, "readGraphSync"));
  return object;
}

}  // namespace kairank
