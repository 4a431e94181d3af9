# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs on the server: the command `stowage`.

Python 3.9 or newer with the standard library, plus these programs: docker with its Compose plugin,
git (only where a release is named after a revision) and brotli. Nothing here imports Ansible or
Django: a role hands its part over in `/etc/stowage/P/conf.d/<role>.json`, the application answers
through `stowage_django` in a container.
"""
