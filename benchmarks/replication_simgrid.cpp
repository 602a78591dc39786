// The benchmark's opponent: the same flows in SimGrid (S4U, C++), for benchmarks/replication_solver.py.
// usage: replication_simgrid PREFIX  reads PREFIX_links.csv and PREFIX_flows.csv, writes PREFIX_simgrid.csv,
// prints the wall seconds of the simulation itself (platform and files not counted).
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <simgrid/s4u.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace sg = simgrid::s4u;

struct Flow {
  sg::Host *src, *dst;
  double start_s, size_bytes, finish_s;
};

static std::vector<std::vector<std::string>> rows(const std::string& path) {
  std::ifstream in(path);
  std::string line, cell;
  std::vector<std::vector<std::string>> found;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> row;
    std::stringstream cells(line);
    while (std::getline(cells, cell, ',')) row.push_back(cell);
    found.push_back(row);
  }
  return found;
}

int main(int argc, char** argv) {
  sg::Engine engine(&argc, argv);
  sg::Engine::set_config("network/model:CM02");
  sg::Engine::set_config("network/crosstraffic:0");
  const std::string prefix = argv[1];
  auto* zone = sg::create_full_zone("all");
  std::map<std::string, sg::Link*> links;
  for (const auto& row : rows(prefix + "_links.csv"))
    links[row[0]] = zone->create_link(row[0], std::stod(row[1]))->set_latency(0)->seal();
  std::map<std::string, sg::Host*> hosts;
  std::map<std::pair<std::string, std::string>, bool> routed;
  auto host = [&](const std::string& name) {
    if (!hosts.count(name)) hosts[name] = zone->create_host("h" + name, 1e9)->seal();
    return hosts[name];
  };
  std::vector<Flow> flows;
  for (const auto& row : rows(prefix + "_flows.csv")) {
    const std::string src = "s" + row[1], dst = "d" + row[2];
    Flow flow{host(src), host(dst), std::stod(row[3]), std::stod(row[4]), 0};
    if (!routed[{src, dst}]) {
      routed[{src, dst}] = true;
      zone->add_route(flow.src->get_netpoint(), flow.dst->get_netpoint(), nullptr, nullptr,
                      {sg::LinkInRoute(links[src]), sg::LinkInRoute(links["wan"]), sg::LinkInRoute(links[dst])},
                      false);
    }
    flows.push_back(flow);
  }
  zone->seal();
  sg::Actor::create("starter", flows[0].src, [&flows] {
    for (auto& flow : flows) {
      sg::this_actor::sleep_until(flow.start_s);
      sg::Actor::create("flow", flow.src, [&flow] {
        sg::Comm::sendto(flow.src, flow.dst, static_cast<uint64_t>(flow.size_bytes));
        flow.finish_s = sg::Engine::get_clock();
      });
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  engine.run();
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::ofstream out(prefix + "_simgrid.csv");
  out.precision(17);
  out << "flow,finish_s\n";
  for (size_t i = 0; i < flows.size(); ++i) out << i << ',' << flows[i].finish_s << '\n';
  std::printf("%.6f\n", wall_s);
}
