"""The conformance tests of accounts and rights; `StoreConformance` inherits them."""

import threading
import time

import pytest

from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.store import AccountStore, Credential, Store, StoreLimit

HOUR_S = 3600.0


def key(key_id: str, user: str = "ada", kind: str = "key", created: float = 1.0) -> Credential:
    return Credential(key_id, user, kind, f"name of {key_id}", "hash", created)


class AccountsConformance:
    """Tests of a store's accounts, and of users' rights to documents."""

    @pytest.fixture
    def accounts(self, store: Store) -> AccountStore:
        return store.accounts

    @pytest.fixture
    def ada(self, accounts: AccountStore) -> str:
        assert accounts.create_user("ada", "hash")
        return "ada"

    # Users

    def test_a_user_is_made_once(self, accounts: AccountStore, ada: str) -> None:
        assert not accounts.create_user(ada, "another hash")
        user = accounts.get_user(ada)
        assert user is not None
        assert (user.name, user.password_hash, user.disabled) == (ada, "hash", False)
        assert user.created > 1.7e9
        assert accounts.get_user("Ada") is None

    def test_of_many_who_make_one_user_at_once_one_does(self, accounts: AccountStore) -> None:
        barrier = threading.Barrier(8)
        created: list[bool] = []

        def make() -> None:
            barrier.wait()
            created.append(accounts.create_user("ada", "hash"))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(created) == [False] * 7 + [True]

    def test_no_more_users_are_made_than_there_may_be(self, accounts: AccountStore, ada: str) -> None:
        with pytest.raises(StoreLimit) as caught:
            accounts.create_user("bob", "", limit=1)
        assert (caught.value.limit, accounts.get_user("bob")) == (1, None)
        assert not accounts.create_user(ada, "", limit=1)
        assert accounts.create_user("bob", "", limit=2)

    def test_users_are_listed_by_name_and_counted(self, accounts: AccountStore) -> None:
        for name in ("b", "a", "Größe 🙂", "'; DROP TABLE users; --"):
            accounts.create_user(name, "")
        assert [user.name for user in accounts.list_users()] == [
            "'; DROP TABLE users; --",
            "Größe 🙂",
            "a",
            "b",
        ]
        assert accounts.count_users() == 4

    def test_a_new_password_ends_all_logins_but_one_and_no_keys(
        self, store: Store, accounts: AccountStore, ada: str
    ) -> None:
        for credential in (key("k"), key("here", kind="login"), key("there", kind="login")):
            accounts.add_credential(credential)
        before = store.access_version()
        accounts.set_password(ada, "new", keep_login="here")
        assert {credential.id for credential in accounts.list_credentials(ada)} == {"k", "here"}
        assert store.access_version() > before
        user = accounts.get_user(ada)
        assert user is not None
        assert user.password_hash == "new"

    def test_a_password_is_rehashed_only_if_it_is_still_the_same(
        self, accounts: AccountStore, ada: str
    ) -> None:
        accounts.rehash_password(ada, "hash", "better")
        accounts.rehash_password(ada, "hash", "too late")
        user = accounts.get_user(ada)
        assert user is not None
        assert user.password_hash == "better"

    def test_a_user_is_disabled_and_enabled(self, store: Store, accounts: AccountStore, ada: str) -> None:
        before = store.access_version()
        for disabled in (True, False):
            accounts.set_disabled(ada, disabled)
            user = accounts.get_user(ada)
            assert user is not None
            assert user.disabled is disabled
        assert store.access_version() > before

    def test_what_is_changed_about_nobody_is_not_found(
        self, store: Store, accounts: AccountStore, docid: str
    ) -> None:
        with pytest.raises(NotFound):
            accounts.set_password("nobody", "hash")
        with pytest.raises(NotFound):
            accounts.set_disabled("nobody", True)
        with pytest.raises(NotFound):
            accounts.add_credential(key("k", "nobody"))
        with pytest.raises(NotFound):
            store.share_document(docid, "nobody", "read")

    # Credentials

    def test_credentials_are_kept_by_id_and_listed_by_age(self, accounts: AccountStore, ada: str) -> None:
        accounts.create_user("bob", "")
        old, young, bobs = key("a"), key("b", kind="login", created=2.0), key("c", "bob")
        for credential in (old, young, bobs):
            accounts.add_credential(credential)
        assert accounts.get_credential("a") == old
        assert accounts.get_credential("x") is None
        assert accounts.list_credentials(ada) == [young, old]

    def test_only_its_own_user_deletes_a_credential(
        self, store: Store, accounts: AccountStore, ada: str
    ) -> None:
        accounts.add_credential(key("a"))
        before = store.access_version()
        assert not accounts.delete_credential("bob", "a")
        assert store.access_version() == before
        assert accounts.delete_credential(ada, "a")
        assert not accounts.delete_credential(ada, "a")
        assert accounts.get_credential("a") is None
        assert store.access_version() > before

    def test_no_more_credentials_of_a_kind_are_added_than_there_may_be(
        self, accounts: AccountStore, ada: str
    ) -> None:
        accounts.create_user("bob", "")
        accounts.add_credential(key("a"), limit=1)
        with pytest.raises(StoreLimit):
            accounts.add_credential(key("b"), limit=1)
        accounts.add_credential(key("c", kind="login"), limit=1)
        accounts.add_credential(key("d", "bob"), limit=1)
        assert {credential.id for credential in accounts.list_credentials(ada)} == {"a", "c"}
        accounts.delete_credential(ada, "a")
        accounts.add_credential(key("b"), limit=1)

    # Codes

    def test_a_code_is_taken_once(self, accounts: AccountStore) -> None:
        accounts.put_code("c", "value", time.time() + HOUR_S)
        assert accounts.get_code("c") == "value"
        assert (accounts.take_code("c"), accounts.take_code("c"), accounts.get_code("c")) == (
            "value",
            None,
            None,
        )

    def test_a_code_that_expired_is_not_there(self, accounts: AccountStore) -> None:
        accounts.put_code("c", "value", time.time() - 1)
        assert (accounts.get_code("c"), accounts.take_code("c")) == (None, None)

    # Throttle

    def test_tries_are_allowed_up_to_the_burst(self, accounts: AccountStore) -> None:
        waits = [accounts.throttle("ada", HOUR_S, 3) for _ in range(5)]
        assert waits[:3] == [0.0, 0.0, 0.0]
        assert all(HOUR_S - 60 < wait_s <= HOUR_S for wait_s in waits[3:])
        assert accounts.throttle("bob", HOUR_S, 3) == 0.0

    def test_tries_come_back_with_time(self, accounts: AccountStore) -> None:
        assert accounts.throttle("ada", 0.05, 1) == 0.0
        deadline = time.monotonic() + 10
        while accounts.throttle("ada", 0.05, 1) > 0:
            assert time.monotonic() < deadline

    def test_tries_are_forgiven(self, accounts: AccountStore) -> None:
        for _ in range(2):
            assert accounts.throttle("ada", HOUR_S, 1) == 0.0
            assert accounts.throttle("ada", HOUR_S, 1) > 0
            accounts.forgive("ada")
        accounts.forgive("nobody")

    # Rights

    def test_a_document_is_private_until_it_is_published(self, store: Store, docid: str) -> None:
        for published in (False, True, False):
            store.publish_document(docid, published)
            record = store.get_document(docid)
            assert record is not None
            assert record.published is published
            assert [listed.docid for listed in store.list_published()] == [docid] * published

    def test_rights_are_shared_changed_and_taken_back(
        self, store: Store, accounts: AccountStore, docid: str
    ) -> None:
        for user in ("bob", "cleo"):
            accounts.create_user(user, "")
        store.share_document(docid, "cleo", "read")
        store.share_document(docid, "bob", "read")
        raised = store.access_version()
        store.share_document(docid, "bob", "write")
        assert store.access_version() == raised
        assert store.shares(docid) == {"bob": "write", "cleo": "read"}
        assert [(record.docid, right) for record, right in store.list_shared("bob")] == [(docid, "write")]
        store.share_document(docid, "bob", "read")
        assert store.access_version() > raised
        store.share_document(docid, "bob", "")
        assert (store.share_of(docid, "bob"), store.share_of(docid, "cleo")) == ("", "read")
        assert store.list_shared("bob") == []

    def test_there_is_no_other_right(self, store: Store, docid: str, ada: str) -> None:
        with pytest.raises(ValueError, match="a right is one of"):
            store.share_document(docid, ada, "own")

    def test_shares_go_with_their_document(self, store: Store, docid: str, ada: str) -> None:
        store.share_document(docid, ada, "read")
        store.publish_document(docid, True)
        store.delete_document(docid)
        assert (store.shares(docid), store.list_shared(ada), store.list_published()) == ({}, [], [])
        with pytest.raises(NotFound):
            store.share_document(docid, ada, "read")
        with pytest.raises(NotFound):
            store.publish_document(docid, True)
        with pytest.raises(NotFound):
            store.withdraw_tokens(docid)

    def test_the_number_of_tokens_rises(self, store: Store, docid: str) -> None:
        before = store.access_version()
        assert store.withdraw_tokens(docid) == 1
        assert store.withdraw_tokens(docid) == 2
        record = store.get_document(docid)
        assert record is not None
        assert record.tokens == 2
        assert store.access_version() > before

    def test_usage_is_documents_and_their_bytes(self, store: Store, docid: str) -> None:
        store.append(docid, 1, b"12345", "")
        store.create_document("ada", "another")
        assert store.usage("ada") == (2, 5)
        assert store.usage("bob") == (0, 0)
