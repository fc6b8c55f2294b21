"""The GraphQL documents, each with the fields that we use and no other (one unknown field fails a whole query)."""

from __future__ import annotations

_PERFORMER = "id name disambiguation favorite ignore_auto_tag image_path updated_at"
_LINKED = "performers{id ignore_auto_tag}"
_VIDEO = "path size mod_time width height duration zip_file{id}"
_STILL = "path size mod_time width height zip_file{id}"
_SCENE = f"id title organized updated_at {_LINKED} files{{{_VIDEO}}} paths{{sprite vtt stream screenshot}}"
_IMAGE = (
    f"id title organized updated_at {_LINKED} paths{{image}} "
    f"visual_files{{__typename ... on ImageFile{{{_STILL}}} ... on VideoFile{{{_VIDEO}}}}}"
)
_GALLERY = "id title organized updated_at performers{id} image_count files{path} folder{path}"

SERVER = "query{version{version} configuration{general{apiKey maxSessionAge}}}"
PING = "query{version{version}}"

PERFORMER = f"query($id:ID!){{findPerformer(id:$id){{{_PERFORMER}}}}}"
PERFORMERS = (
    "query($page:Int!,$size:Int!,$where:PerformerFilterType,$sort:String!,$direction:SortDirectionEnum!){findPerformers("
    "performer_filter:$where,filter:{page:$page,per_page:$size,sort:$sort,direction:$direction})"
    f"{{count performers{{{_PERFORMER}}}}}}}"
)
PERFORMERS_NOW = 'query{findPerformers(filter:{per_page:1,sort:"updated_at",direction:DESC}){count performers{updated_at}}}'
PERFORMER_COUNT = "query{findPerformers(filter:{per_page:1}){count}}"
PERFORMER_ORDER = 'query{findPerformers(filter:{per_page:-1,sort:"scenes_count",direction:DESC}){performers{id}}}'
PERFORMER_USE = "query($id:ID!){findPerformer(id:$id){scene_count image_count gallery_count created_at updated_at}}"
PERFORMERS_NAMED = (
    "query($name:String!){findPerformers(performer_filter:{name:{value:$name,modifier:EQUALS}},filter:{per_page:-1})"
    "{performers{id name created_at}}}"
)
PERFORMER_CREATE = "mutation($input:PerformerCreateInput!){performerCreate(input:$input){id}}"
PERFORMER_UPDATE = "mutation($input:PerformerUpdateInput!){performerUpdate(input:$input){id}}"
PERFORMER_DESTROY = "mutation($id:ID!){performerDestroy(input:{id:$id})}"

ONE = {
    "scene": f"query($id:ID!){{findScene(id:$id){{{_SCENE}}}}}",
    "image": f"query($id:ID!){{findImage(id:$id){{{_IMAGE}}}}}",
    "gallery": f"query($id:ID!){{findGallery(id:$id){{{_GALLERY}}}}}",
}
PAGE = {
    "scene": (
        "query($size:Int!,$where:SceneFilterType){findScenes(scene_filter:$where,"
        f'filter:{{per_page:$size,sort:"id",direction:ASC}}){{count scenes{{{_SCENE}}}}}}}'
    ),
    "image": (
        "query($size:Int!,$where:ImageFilterType){findImages(image_filter:$where,"
        f'filter:{{per_page:$size,sort:"id",direction:ASC}}){{count images{{{_IMAGE}}}}}}}'
    ),
    "gallery": (
        "query($size:Int!,$where:GalleryFilterType){findGalleries(gallery_filter:$where,"
        f'filter:{{per_page:$size,sort:"id",direction:ASC}}){{count galleries{{{_GALLERY}}}}}}}'
    ),
}
LINKS = {
    "scene": "query($ids:[ID!]){findScenes(ids:$ids){scenes{id updated_at performers{id}}}}",
    "image": "query($ids:[ID!]){findImages(ids:$ids){images{id updated_at performers{id}}}}",
    "gallery": "query($ids:[ID!]){findGalleries(ids:$ids){galleries{id updated_at performers{id}}}}",
}
LINK = {
    "scene": "mutation($ids:[ID!],$change:BulkUpdateIds){bulkSceneUpdate(input:{ids:$ids,performer_ids:$change}){id}}",
    "image": "mutation($ids:[ID!],$change:BulkUpdateIds){bulkImageUpdate(input:{ids:$ids,performer_ids:$change}){id}}",
    "gallery": "mutation($ids:[ID!],$change:BulkUpdateIds){bulkGalleryUpdate(input:{ids:$ids,performer_ids:$change}){id}}",
}
PLURAL = {"scene": "scenes", "image": "images", "gallery": "galleries"}

SETTINGS = "query($ids:[ID!]){configuration{plugins(include:$ids)}}"
SAVE_SETTINGS = "mutation($id:ID!,$values:Map!){configurePlugin(plugin_id:$id,input:$values)}"
JOBS = "query{jobQueue{id status description addTime}}"
JOB = "query($id:ID!){findJob(input:{id:$id}){id status description addTime}}"
RUN_TASK = (
    "mutation($plugin:ID!,$description:String,$arguments:Map)"
    "{runPluginTask(plugin_id:$plugin,description:$description,args_map:$arguments)}"
)
STOP_JOB = "mutation($id:ID!){stopJob(job_id:$id)}"
