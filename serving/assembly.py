"""Puts the serving parts together: store, engine, index, chain, gateway."""

from dataclasses import dataclass

from dossier.packs import Pack, index_folder, load_pack
from dossier.registry import Registry
from dossier.settings import Settings
from retrieval.build import OnProgress
from retrieval.indexing import load_embedder
from retrieval.labelling.labeller import Labeller
from retrieval.opening import load_reranker
from serving.answering.chain import DocumentChain
from serving.answering.desks import Desk
from serving.answering.model_client import ModelClient
from serving.api import Gateway, PackInfo
from serving.engine.command import precision_of, vllm_launch, with_adapters
from serving.engine.supervisor import Engine
from serving.index_view import IndexView
from serving.market.asking.desk import MarketDesk
from serving.market.projections.projecting import Projector
from serving.market.provider import PriceProvider, provider_of
from serving.models.administration import ModelAdmin
from serving.models.served import Champion
from serving.models.starting import model_start
from serving.news.desk import NewsDesk
from serving.originals import Originals
from serving.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that answer questions."""

    settings: Settings
    pack: Pack
    engine: Engine
    models: ModelAdmin
    index: IndexView
    chain: DocumentChain
    prices: PriceProvider
    projector: Projector


def assemble(settings: Settings, on_progress: OnProgress) -> Parts:
    """Prepare the model and join the answering parts; nothing is started yet.

    Raises WeightsError, SettingsError, EnvironmentProblem.
    """
    pack = load_pack(settings)
    registry = Registry.of(settings)
    start = model_start(settings, pack, registry, on_progress)
    engine = Engine(settings, start.folder, start.model.name, with_adapters if start.room else vllm_launch)
    champion = Champion(engine, registry, pack.name, start)
    engine.before_ready(champion.load_again)
    found_in = index_folder(settings, pack.documents)
    index = IndexView(found_in, load_embedder(settings), pack.synonyms, load_reranker(settings))
    prices, projector = provider_of(settings, pack), Projector()
    desks: tuple[Desk, ...] = (MarketDesk(prices, projector, pack.documents),)
    if settings.feeds is not None:
        desks = (*desks, NewsDesk())
    chain = DocumentChain(index, ModelClient(engine, champion), settings, pack, desks)
    models = ModelAdmin(champion, registry, pack.name, start.read_base, precision_of(settings.device))
    return Parts(settings, pack, engine, models, index, chain, prices, projector)


def gateway(parts: Parts, store: Store) -> Gateway:
    """What the HTTP application is made of."""
    pack = parts.pack
    return Gateway(
        settings=parts.settings,
        store=store,
        answerer=parts.chain,
        index=parts.index,
        pack=PackInfo(pack.name, pack.title, pack.description, pack.starter_questions),
        model=pack.model_name,
        engine=parts.engine,
        models=parts.models,
        prices=parts.prices,
        projector=parts.projector,
        labeller=Labeller(parts.settings, pack.heads),
        originals=Originals(pack.documents),
    )
