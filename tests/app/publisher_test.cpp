#include "app/monitoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <new>
#include <string>

namespace exporter::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Makes snapshots with a listing each, and runs out of memory when told to.
class Snapshots {
  public:
    metrics::Snapshot operator()(std::size_t organization) {
        const std::lock_guard lock(mutex_);
        if (failures_ > 0) {
            --failures_;
            throw std::bad_alloc();
        }
        ++made_;
        changed_.notify_all();
        metrics::Snapshot snapshot;
        snapshot.org = "organization-" + std::to_string(organization);
        snapshot.statistics.polls = 1;
        return snapshot;
    }
    void fail(int times) {
        const std::lock_guard lock(mutex_);
        made_ = 0;
        failures_ = times;
    }
    [[nodiscard]] bool wait_until_made(int times) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return made_ >= times; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int failures_ = 0;
    int made_ = 0;
};

std::string text_of(const metrics::ExpositionStore& store) {
    const metrics::Body body = store.scrape(metrics::Format::text, metrics::Encoding::identity);
    return *body.head + body.tail;
}

TEST(Publisher, PublishesEveryOrganizationAtFirst) {
    Snapshots snapshots;
    metrics::ExpositionStore store([](metrics::Format) { return std::string(); });
    Publisher publisher(2, std::ref(snapshots), store);

    publisher.publish();

    EXPECT_TRUE(publisher.has_everybody());
    EXPECT_THAT(text_of(store), HasSubstr("organization-0"));
    EXPECT_THAT(text_of(store), HasSubstr("organization-1"));
}

TEST(Publisher, WhatCouldNotBeRenderedIsTriedAgainThoughNothingElseChanges) {
    Snapshots snapshots;
    metrics::ExpositionStore store([](metrics::Format) { return std::string(); });
    Publisher publisher(2, std::ref(snapshots), store);
    // The second failure is that of the publisher's own thread.
    snapshots.fail(2);

    EXPECT_THROW(publisher.publish(), std::bad_alloc);

    EXPECT_TRUE(snapshots.wait_until_made(2));
}

TEST(Publisher, AnOrganizationThatCanNotBeRenderedHoldsUpNoOther) {
    metrics::ExpositionStore store([](metrics::Format) { return std::string(); });
    Publisher publisher(
        3,
        [](std::size_t organization) {
            if (organization == 0) {
                throw std::bad_alloc();
            }
            metrics::Snapshot snapshot;
            snapshot.org = "organization-" + std::to_string(organization);
            return snapshot;
        },
        store);

    EXPECT_THROW(publisher.changed(0), std::bad_alloc);
    EXPECT_NO_THROW(publisher.changed(2));

    EXPECT_THAT(text_of(store), HasSubstr("organization-1"));
    EXPECT_THAT(text_of(store), HasSubstr("organization-2"));
    EXPECT_FALSE(publisher.has_everybody());
}

}  // namespace
}  // namespace exporter::app
