#include "core_object.h"

#include <vector>

#include "../pipeline/executor.h"
#include "../state/epochs.h"
#include "call.h"
#include "core_data.h"
#include "environment.h"
#include "errors.h"
#include "handles.h"
#include "jobs.h"
#include "parse.h"

namespace kairank {

namespace {

constexpr napi_type_tag kCoreTag = {0x6b6169726e6b436fu, 0x7265686e646c0001u};

uint64_t tokenOf(const Napi::Value& value) {
  if (value.IsEmpty() || !value.IsBigInt()) refuse("token", "a bigint");
  bool lossless = false;
  const uint64_t token = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) throw Error(Status::notFound, "token: no open engine has this token");
  return token;
}

std::shared_ptr<LiveFilter> filterOfHandle(Core& core, const Napi::Value& value) {
  if (numberOf(value, "filter", -1, kMaxKey) == -1) return nullptr;
  return core.eligibility.filter(wholeOf(value, "filter", 0, static_cast<size_t>(kMaxKey)));
}

}  // namespace

void exportCore(Napi::Env env, Napi::Object exports) {
  exports.Set("createCore", Napi::Function::New(
                                env,
                                [](const Napi::CallbackInfo& info) {
                                  return guard(info.Env(), [&] {
                                    return CoreObject::wrap(info.Env(), Core::create(settingsOf(info[0])));
                                  });
                                },
                                "createCore"));
  exports.Set("attachCore", Napi::Function::New(
                                env,
                                [](const Napi::CallbackInfo& info) {
                                  return guard(info.Env(), [&] {
                                    return CoreObject::wrap(info.Env(), Core::attach(tokenOf(info[0])));
                                  });
                                },
                                "attachCore"));
}

Napi::Function CoreObject::define(Napi::Env env) {
  return DefineClass(env, "NativeCore",
                     {
                         InstanceAccessor<&CoreObject::token>("token", napi_enumerable),
                         InstanceMethod<&CoreObject::putItems>("putItems"),
                         InstanceMethod<&CoreObject::removeItems>("removeItems"),
                         InstanceMethod<&CoreObject::reserveItems>("reserveItems"),
                         InstanceMethod<&CoreObject::hasItem>("hasItem"),
                         InstanceMethod<&CoreObject::addEvents>("addEvents"),
                         InstanceMethod<&CoreObject::feedback>("feedback"),
                         InstanceMethod<&CoreObject::feedbackState>("feedbackState"),
                         InstanceMethod<&CoreObject::resumeFeedback>("resumeFeedback"),
                         InstanceMethod<&CoreObject::counts>("counts"),
                         InstanceMethod<&CoreObject::history>("history"),
                         InstanceMethod<&CoreObject::exportHistories>("exportHistories"),
                         InstanceMethod<&CoreObject::userRows>("userRows"),
                         InstanceMethod<&CoreObject::exportKeys>("exportKeys"),
                         InstanceMethod<&CoreObject::compileFilter>("compileFilter"),
                         InstanceMethod<&CoreObject::countEligible>("countEligible"),
                         InstanceMethod<&CoreObject::publish>("publish"),
                         InstanceMethod<&CoreObject::placeNewcomers>("placeNewcomers"),
                         InstanceMethod<&CoreObject::putContent>("putContent"),
                         InstanceMethod<&CoreObject::withoutContent>("withoutContent"),
                         InstanceMethod<&CoreObject::request>("request"),
                         InstanceMethod<&CoreObject::close>("close"),
                     });
}

Napi::Object CoreObject::wrap(Napi::Env env, std::shared_ptr<Core> core) {
  Environment& environment = Environment::of(env);
  if (environment.coreClass.IsEmpty()) environment.coreClass = Napi::Persistent(define(env));
  return environment.coreClass.New({wrapHandle<Core>(env, std::move(core), kCoreTag)});
}

CoreObject::CoreObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CoreObject>(info) {
  core_ = guard(info.Env(), [&] { return unwrapHandle<Core>(info[0], kCoreTag, "core"); });
}

std::shared_ptr<Core> CoreObject::open() const {
  if (!core_ || core_->closed()) throw Error(Status::closed, "The engine is closed.");
  return core_;
}

Napi::Value CoreObject::token(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value { return Napi::BigInt::New(info.Env(), open()->token()); });
}

Napi::Value CoreObject::putItems(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    putItemsOf(*open(), info[0], info[1], info[2]);
    return info.Env().Undefined();
  });
}

Napi::Value CoreObject::removeItems(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return removeItemsOf(*open(), info[0]); });
}

Napi::Value CoreObject::reserveItems(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    reserveItemsOf(*open(), info[0], info[1]);
    return info.Env().Undefined();
  });
}

Napi::Value CoreObject::hasItem(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const std::shared_ptr<Core> core = open();
    TextReader reader(info.Env());
    const uint32_t row = core->items.find(reader.id(info[0], "id"));
    return Napi::Boolean::New(info.Env(), row != kNoRow && core->eligibility.has(row));
  });
}

Napi::Value CoreObject::addEvents(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const size_t awaiting = addEventsOf(*open(), {info[0], info[1], info[2], info[3], info[4], info[5]});
    return Napi::Number::New(info.Env(), static_cast<double>(awaiting));
  });
}

Napi::Value CoreObject::feedback(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return feedbackOf(*open(), info.Env()); });
}

Napi::Value CoreObject::feedbackState(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return feedbackStateOf(*open(), info.Env()); });
}

Napi::Value CoreObject::resumeFeedback(const Napi::CallbackInfo& info) {
  return guard(info.Env(),
               [&]() -> Napi::Value { return Napi::Boolean::New(info.Env(), resumeFeedbackOf(*open(), info[0])); });
}

Napi::Value CoreObject::counts(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const std::shared_ptr<Core> core = open();
    Napi::Object counts = Napi::Object::New(info.Env());
    counts.Set("items", core->eligibility.items());
    counts.Set("rows", core->items.size());
    counts.Set("users", core->users.size());
    counts.Set("events", static_cast<double>(core->histories.events()));
    return counts;
  });
}

Napi::Value CoreObject::history(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return historyOf(*open(), info[0], info[1]); });
}

Napi::Value CoreObject::exportHistories(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return exportHistoriesOf(*open(), info.Env()); });
}

Napi::Value CoreObject::userRows(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return userRowsOf(*open(), info[0]); });
}

Napi::Value CoreObject::exportKeys(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return exportKeysOf(*open(), info.Env()); });
}

Napi::Value CoreObject::compileFilter(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const std::shared_ptr<Core> core = open();
    EligibilityIndex& index = core->eligibility;
    return Napi::Number::New(info.Env(), static_cast<double>(index.compile(filterOf(info[0], index.columns()))));
  });
}

Napi::Value CoreObject::countEligible(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const std::shared_ptr<Core> core = open();
    return Napi::Number::New(info.Env(), core->eligibility.count(filterOfHandle(*core, info[0]).get()));
  });
}

Napi::Value CoreObject::publish(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const std::shared_ptr<Core> core = open();
    core->publish(info[0].IsNull() ? nullptr : unwrapHandle<const ModelSet>(info[0], kModelsTag, "models"));
    return info.Env().Undefined();
  });
}

Napi::Value CoreObject::putContent(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    putContentOf(*open(), info[0], info[1], info[2]);
    return info.Env().Undefined();
  });
}

Napi::Value CoreObject::withoutContent(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return withoutContentOf(*open(), info.Env()); });
}

Napi::Value CoreObject::placeNewcomers(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    return startJob(
        info.Env(), [core = open()](JobContext& context) { return core->place([&] { return context.cancelled(); }); },
        info.Env().Undefined(),
        [](Napi::Env env, size_t placed) { return Napi::Number::New(env, static_cast<double>(placed)); });
  });
}

Napi::Value CoreObject::request(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    auto call = std::make_shared<Call>(info.Env());
    call->core = open();
    readRequest(info[0], *call, call->unknown);
    return call->submit(info.Env());
  });
}

Napi::Value CoreObject::close(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const std::shared_ptr<Core> core = std::move(core_);
    core_.reset();
    if (core) {
      core->close();
      Executor::shared().drop(*core);
    }
    return info.Env().Undefined();
  });
}

}  // namespace kairank
