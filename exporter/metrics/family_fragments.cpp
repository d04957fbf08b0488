#include "metrics/family_fragments.h"

#include "metrics/catalog.h"

namespace exporter::metrics {

FamilyFragments::FamilyFragments() : places_(1), by_family_(catalog().size()) {}

void FamilyFragments::add(std::size_t family, const Lines& lines, Deflater& deflater) {
    auto& places = by_family_.at(family);
    for (std::size_t format = 0; format < lines.size(); ++format) {
        const bool is_as_before = format > 0 && lines[format] == lines[format - 1];
        places[format] = is_as_before ? places[format - 1] : compress(lines[format], deflater);
    }
}

void FamilyFragments::shrink() {
    deflated_.shrink_to_fit();
    places_.shrink_to_fit();
}

Fragment FamilyFragments::at(std::size_t family, Format format) const {
    const Place& place = places_[by_family_[family][static_cast<std::size_t>(format)]];
    return {std::string_view(deflated_).substr(place.begin, place.size), place.text};
}

std::size_t FamilyFragments::memory() const {
    return sizeof *this + deflated_.capacity() + places_.capacity() * sizeof(Place) +
           by_family_.capacity() * sizeof by_family_.front();
}

std::uint16_t FamilyFragments::compress(const std::string& lines, Deflater& deflater) {
    if (lines.empty()) {
        return 0;
    }
    Place place;
    place.begin = deflated_.size();
    place.text = deflater.append(lines, deflated_);
    place.size = deflated_.size() - place.begin;
    places_.push_back(place);
    return static_cast<std::uint16_t>(places_.size() - 1);
}

}  // namespace exporter::metrics
