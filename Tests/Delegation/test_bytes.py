"""What crosses the link to a bastion for the containers behind it: all that they need once, and for each further one a request."""
import hop_probes
from conftest import CROWD

#: IP bytes, both ways, of ssh, the agent and a module of Ansible with what it imports: measured 94 kB.
ONCE = 150_000
#: A further container: its request, the order to open it, and its result; measured 0.7 kB.
FURTHER = 3_000


def test_a_further_container_costs_the_link_a_request(hosts):
    one = hop_probes.bytes_for(hosts, 1, "docker")
    many = hop_probes.bytes_for(hosts, CROWD, "docker")
    assert one < ONCE
    assert (many - one) / (CROWD - 1) < FURTHER, (one, many)
