// Who is next when many peers wait for the same thing: each in turn, however many jobs one of them has.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace exporter::http {

/// Not for several threads at once.
template <class Job>
class FairQueue {
  public:
    /// @param longest how many jobs may wait
    /// @param longest_of_peer how many of them may be one peer's
    FairQueue(std::size_t longest, std::size_t longest_of_peer)
        : longest_(longest), longest_of_peer_(longest_of_peer) {}

    /// When the queue is full, the peer with the most jobs gives up its newest for a peer with at least two
    /// fewer. So a peer that has none waiting is turned away only while `longest` others wait.
    ///
    /// @return the job that there is no room for: another peer's, or `job` itself
    [[nodiscard]] std::optional<Job> push(std::string_view peer, Job job) {
        const auto line = line_of(peer);
        const std::size_t waiting = line == lines_.end() ? 0 : line->jobs.size();
        if (waiting >= longest_of_peer_) {
            return job;
        }
        std::optional<Job> removed;
        if (size_ >= longest_) {
            const auto most = std::max_element(
                lines_.begin(), lines_.end(),
                [](const Line& one, const Line& other) { return one.jobs.size() < other.jobs.size(); });
            if (most == lines_.end() || most->jobs.size() < waiting + 2) {
                return job;
            }
            removed = std::move(most->jobs.back());
            most->jobs.pop_back();
            --size_;
        }
        if (line == lines_.end()) {
            lines_.push_back({std::string(peer), {}});
            lines_.back().jobs.push_back(std::move(job));
        } else {
            line->jobs.push_back(std::move(job));
        }
        ++size_;
        return removed;
    }

    /// The first job of the peer whose turn it is; none when no job waits.
    [[nodiscard]] std::optional<Job> pop() {
        if (lines_.empty()) {
            return std::nullopt;
        }
        auto& jobs = lines_.front().jobs;
        std::optional<Job> job(std::move(jobs.front()));
        jobs.pop_front();
        --size_;
        if (jobs.empty()) {
            lines_.pop_front();
        } else {
            lines_.splice(lines_.end(), lines_, lines_.begin());
        }
        return job;
    }

    [[nodiscard]] bool empty() const { return lines_.empty(); }

  private:
    /// Never empty.
    struct Line {
        std::string peer;
        std::deque<Job> jobs;
    };

    [[nodiscard]] typename std::list<Line>::iterator line_of(std::string_view peer) {
        return std::find_if(lines_.begin(), lines_.end(),
                            [&](const Line& line) { return line.peer == peer; });
    }

    const std::size_t longest_;
    const std::size_t longest_of_peer_;
    std::list<Line> lines_;  ///< the one whose turn it is first
    std::size_t size_ = 0;
};

}  // namespace exporter::http
