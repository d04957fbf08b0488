#include "app/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace exporter::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// Creates snapshots, and throws std::bad_alloc when told to.
class Snapshots {
  public:
    metrics::Snapshot operator()(int organization) {
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

    [[nodiscard]] int made() {
        const std::lock_guard lock(mutex_);
        return made_;
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

/// A store with no live part.
metrics::ExpositionStore empty_store() {
    return metrics::ExpositionStore([](metrics::Format) { return std::string(); });
}

std::shared_ptr<Publisher::Part> part_of(Snapshots& snapshots, int organization) {
    return std::make_shared<Publisher::Part>([&snapshots, organization] { return snapshots(organization); });
}

TEST(Publisher, PublishesEveryOrganizationAtFirst) {
    Snapshots snapshots;
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({part_of(snapshots, 0), part_of(snapshots, 1)});

    publisher.publish();

    EXPECT_TRUE(publisher.had_everybody());
    EXPECT_THAT(text_of(store), HasSubstr("organization-0"));
    EXPECT_THAT(text_of(store), HasSubstr("organization-1"));
}

TEST(Publisher, RetriesAFailedRenderingWithoutFurtherChanges) {
    Snapshots snapshots;
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({part_of(snapshots, 0), part_of(snapshots, 1)});
    // The second failure happens on the publisher's own thread.
    snapshots.fail(2);

    EXPECT_THROW(publisher.publish(), std::bad_alloc);

    EXPECT_TRUE(snapshots.wait_until_made(2));
}

TEST(Publisher, AFailedOrganizationDoesNotBlockOthers) {
    Snapshots snapshots;
    const auto broken =
        std::make_shared<Publisher::Part>([]() -> metrics::Snapshot { throw std::bad_alloc(); });
    const auto good = part_of(snapshots, 2);
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({broken, part_of(snapshots, 1), good});

    EXPECT_THROW(publisher.changed(*broken), std::bad_alloc);
    EXPECT_NO_THROW(publisher.changed(*good));

    EXPECT_THAT(text_of(store), HasSubstr("organization-1"));
    EXPECT_THAT(text_of(store), HasSubstr("organization-2"));
    EXPECT_FALSE(publisher.had_everybody());
}

TEST(Publisher, ReportsEachFailureToTheThreadThatChangedTheOrganization) {
    constexpr int changes = 50;
    const auto broken =
        std::make_shared<Publisher::Part>([]() -> metrics::Snapshot { throw std::bad_alloc(); });
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({broken});
    std::atomic<int> reported = 0;

    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < 4; ++number) {
            threads.emplace_back([&] {
                for (int change = 0; change < changes; ++change) {
                    try {
                        publisher.changed(*broken);
                    } catch (const std::bad_alloc&) {
                        ++reported;
                    }
                }
            });
        }
    }

    EXPECT_EQ(reported, 4 * changes);
}

TEST(Publisher, DropsARemovedOrganization) {
    Snapshots snapshots;
    const auto stays = part_of(snapshots, 0);
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({stays, part_of(snapshots, 1)});
    publisher.publish();

    publisher.set_parts({part_of(snapshots, 2), stays});
    publisher.publish();

    const std::string text = text_of(store);
    EXPECT_THAT(text, Not(HasSubstr("organization-1")));
    EXPECT_LT(text.find("organization-2"), text.find("organization-0")) << "not in the order of the parts";
}

TEST(Publisher, RendersNoOrganizationAgainBecauseAnotherCame) {
    Snapshots snapshots;
    const auto stays = part_of(snapshots, 0);
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({stays});
    publisher.publish();

    publisher.set_parts({stays, part_of(snapshots, 1)});
    publisher.publish();

    EXPECT_EQ(snapshots.made(), 2);
}

TEST(Publisher, StaysReadyWhenAnUnpolledOrganizationIsAdded) {
    Snapshots snapshots;
    const auto polled = part_of(snapshots, 0);
    metrics::ExpositionStore store = empty_store();
    Publisher publisher(store);
    publisher.set_parts({polled});
    publisher.publish();

    publisher.set_parts({polled, std::make_shared<Publisher::Part>([] { return metrics::Snapshot(); })});
    publisher.publish();

    EXPECT_TRUE(publisher.had_everybody());
}

}  // namespace
}  // namespace exporter::app
